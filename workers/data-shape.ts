/** What the engine is told of encoded rows before it compiles a training on them. */
import type { Coding } from '../src/contract/dataset.js'
import type { JobSpec } from '../src/contract/job.js'
import { accuracyOfTargets } from '../src/datasets/target-coding.js'
import type { DataShape, DatasetSize } from '../src/engine/index.js'

export function dataShape({ network, loss }: JobSpec, size: DatasetSize, coding: Coding): DataShape {
  const last = network.layers.at(-1)
  const lastActivation = last !== undefined && 'activation' in last ? last.activation : 'linear'
  return {
    inputShape: network.inputShape ?? [size.features],
    targetWidth: size.targetWidth,
    trainingRows: size.trainingRows,
    validationRows: size.validationRows,
    accuracy: accuracyOfTargets(coding.target, loss, lastActivation),
  }
}
