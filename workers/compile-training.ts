/** The shape of encoded rows, which the engine needs to compile a training. */
import type { Coding } from '../src/contract/dataset.js'
import type { JobSpec } from '../src/contract/job-spec.js'
import { lastActivation } from '../src/contract/network.js'
import { accuracyRule } from '../src/datasets/target-coding.js'
import type { DataShape, DatasetSize } from '../src/engine/index.js'

export function dataShape({ network, loss }: JobSpec, size: DatasetSize, coding: Coding): DataShape {
  return {
    inputShape: network.inputShape ?? [size.features],
    targetWidth: size.targetWidth,
    trainingRows: size.trainingRows,
    validationRows: size.validationRows,
    ...(size.weighted ? { weighted: true } : {}),
    accuracy: accuracyRule(coding.target, loss, lastActivation(network)),
  }
}
