/** Networks with random weights as models that can be exported, for the tests of export formats. */
import { expect } from 'vitest'
import type { Coding, FeatureCoding, TargetCoding } from '../../src/contract/dataset.js'
import type { Prediction } from '../../src/contract/model.js'
import { type Loss, lastActivation, type Network, networkSchema } from '../../src/contract/network.js'
import { decoder } from '../../src/datasets/prediction.js'
import { encodeRows, type InputRow } from '../../src/datasets/raw-rows.js'
import { compilePrediction, elementCount, predict, type Weights } from '../../src/engine/index.js'
import type { ExpectedPrediction, ExportableModel } from '../../src/exports/exporter.js'
import { type SpecInput, wave } from './training-case.js'

export interface Exportable {
  model: ExportableModel
  weights: Weights
  expected: ExpectedPrediction[]
}

interface ExportableParts {
  id: string
  network: SpecInput['network']
  loss?: Loss
  /** Default: one number per input. */
  features?: FeatureCoding[]
  derived?: Coding['derived']
  target?: TargetCoding
  threshold?: number | null
  image?: Coding['image']
  ignored?: string[]
  /** Default: three rows of numbers. */
  rows?: InputRow[]
}

/** The expected answers are those of the reference backend. */
export function exportable(parts: ExportableParts): Exportable {
  const network = networkSchema.parse(parts.network)
  const program = compilePrediction(network, 1)
  const inputs = elementCount(network.inputShape ?? [])
  const outputs = elementCount(program.outputShape)
  const coding = {
    features: parts.features ?? plainFeatures(inputs),
    target: parts.target ?? plainTarget(outputs),
    ...(parts.derived === undefined ? {} : { derived: parts.derived }),
    ...(parts.ignored === undefined ? {} : { ignored: parts.ignored }),
    ...(parts.image === undefined ? {} : { image: parts.image }),
  }
  const { target } = coding
  const model: ExportableModel = {
    id: parts.id,
    name: null,
    network: program.network,
    layers: program.layers,
    loss: parts.loss ?? 'meanSquaredError',
    coding,
    columns: coding.features.map(({ name }) => name),
    classes: 'classes' in target ? target.classes : null,
    threshold: parts.threshold ?? null,
    epoch: 1,
  }
  const weights = randomWeights(network)
  return { model, weights, expected: expectedPredictions(model, weights, parts.rows ?? plainRows(inputs)) }
}

/** What the service answers, computed by the reference backend. */
function expectedPredictions(
  { network, coding, loss, threshold }: ExportableModel,
  weights: Weights,
  rows: readonly InputRow[],
): ExpectedPrediction[] {
  const { inputs, errors } = encodeRows(coding, rows)
  if (errors.length > 0) throw errors[0].error
  const width = inputs.length / rows.length
  const all = predict(network, weights, inputs, { backend: 'reference' })
  const outputs = all.length / rows.length
  const decode = decoder(coding, { lastActivation: lastActivation(network), loss, threshold })
  return rows.map((row, index) => {
    const networkOutput = all.slice(index * outputs, (index + 1) * outputs)
    const { output, label = null } = decode(networkOutput)
    return { row, inputs: inputs.slice(index * width, (index + 1) * width), networkOutput, output, label }
  })
}

/** What the service answers for each row, with labels and probabilities. */
export function predictionsOf({ model, expected }: Exportable): Prediction[] {
  const { coding, network, loss, threshold } = model
  const decode = decoder(coding, { lastActivation: lastActivation(network), loss, threshold })
  return expected.map(({ networkOutput }) => decode(networkOutput))
}

/** Asserts that a prediction has the labels of the expected one, and its numbers to four digits. */
export function expectPrediction(actual: unknown, { output, probabilities, ...labels }: Prediction): void {
  const near = (value: number): number =>
    expect.closeTo(value, 4 - Math.ceil(Math.log10(Math.max(1, Math.abs(value)))))
  expect(actual).toEqual({
    ...labels,
    output: output.map(near),
    ...(probabilities === undefined
      ? {}
      : {
          probabilities: Object.fromEntries(
            Object.entries(probabilities).map(([name, value]) => [name, near(value)]),
          ),
        }),
  })
}

const plainFeatures = (count: number): FeatureCoding[] =>
  Array.from({ length: count }, (_, index) => ({
    type: 'number',
    name: `x${index}`,
    offset: 0.25,
    scale: 1.5,
  }))

const plainTarget = (outputs: number): TargetCoding => ({
  type: 'number',
  names: Array.from({ length: outputs }, (_, index) => `y${index}`),
})

const plainRows = (inputs: number): number[][] => [1, 2, 3].map((phase) => wave(inputs, phase))

/** Weights of the size of trained ones, with variances that are positive. */
function randomWeights(network: Network): Weights {
  const { tensors, buffers } = compilePrediction(network, 1)
  return new Map(
    tensors.map(({ name, shape, buffer, initial }, index) => {
      const { length } = buffers[buffer]
      const size = initial.type === 'drawn' ? 1 / Math.sqrt(initial.fanIn) : 0.5
      const values = Float32Array.from(wave(length, index + 1), (value) => value * size)
      if (name.endsWith('runningVar'))
        values.forEach((value, at) => {
          values[at] = 0.5 + Math.abs(value)
        })
      return [name, { shape, values }]
    }),
  )
}
