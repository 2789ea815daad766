/** Untrained models with random weights, as exporters get them. */
import type { FeatureCoding, TargetCoding } from '../../src/contract/dataset.js'
import type { DerivedCoding } from '../../src/contract/derived-feature.js'
import { networkSchema } from '../../src/contract/network.js'
import { compilePrediction } from '../../src/engine/compile.js'
import { drawWeights, elementCount, type Weights } from '../../src/engine/index.js'
import type { NetworkProgram } from '../../src/engine/program.js'
import type { ExportableModel } from '../../src/exports/exporter.js'
import { type SpecInput, wave } from './training-case.js'

export interface Exportable {
  model: ExportableModel
  weights: Weights
}

interface Changes {
  features?: FeatureCoding[]
  derived?: DerivedCoding[]
  target?: TargetCoding
  threshold?: number | null
}

/** @throws SpecError if the layers do not fit together */
export function exportableModel(
  spec: Pick<SpecInput, 'network' | 'loss'>,
  seed: number,
  changes: Changes = {},
): Exportable {
  const program = compilePrediction(networkSchema.parse(spec.network), 8)
  const { network, layers, outputShape } = program
  const { inputShape = [] } = network
  const target = changes.target ?? numberTarget(elementCount(outputShape))
  const features = changes.features ?? numberFeatures(elementCount(inputShape))
  const model: ExportableModel = {
    id: `mdl_${String(seed).padStart(32, '0')}`,
    name: null,
    network,
    layers,
    loss: spec.loss,
    coding: { features, target, ...(changes.derived === undefined ? {} : { derived: changes.derived }) },
    columns: features.map(({ name }) => name),
    classes: 'classes' in target ? target.classes : null,
    threshold: changes.threshold ?? null,
    epoch: null,
  }
  return { model, weights: randomWeights(program, seed) }
}

const numberFeatures = (count: number): FeatureCoding[] =>
  Array.from({ length: count }, (_, index) => {
    return { type: 'number', name: `x${index + 1}`, offset: 0, scale: 1 }
  })

const numberTarget = (outputs: number): TargetCoding => {
  return { type: 'number', names: Array.from({ length: outputs }, (_, index) => `y${index + 1}`) }
}

/** Drawn weights, and biases, scales and statistics of normalization other than their initial constants. */
function randomWeights(program: NetworkProgram, seed: number): Weights {
  const weights = drawWeights(program, seed)
  for (const [name, { values }] of weights) {
    const numbers = wave(values.length, seed)
    if (name.endsWith('.runningVar')) values.set(numbers.map((number) => 0.25 + Math.abs(number)))
    else if (!name.endsWith('.weight')) values.set(numbers.map((number) => number / 4))
  }
  return weights
}
