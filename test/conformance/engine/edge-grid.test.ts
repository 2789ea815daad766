/** Every backend against the reference at the edges of batches, classes and logits, from pinned weights. */
import { describe, expect, test } from 'vitest'
import type { Backend } from '../../../src/engine/kernels/backend.js'
import { createNativeBackend } from '../../../src/engine/kernels/native/backend.js'
import { referenceBackend } from '../../../src/engine/kernels/reference/backend.js'
import { createWasmBackend } from '../../../src/engine/kernels/wasm/backend.js'
import { compileVariant } from '../../../src/engine/kernels/wasm/module.js'
import { runnableVariants } from '../../support/kernel-variants.js'
import { type PinnedOutcome, pinnedWeights, runPinned } from '../../support/pinned-training.js'
import { type SpecInput, type TrainingCase, trainingCase } from '../../support/training-case.js'
import { firstDifference, registered } from './cases.js'

type Layers = SpecInput['network']['layers']

const isLong = process.env.LONG_TESTS !== undefined
const samplings = isLong ? (['shuffle', 'sequential', 'random'] as const) : (['shuffle', 'random'] as const)
const epochs = 3

/** The rows left for the last batch are 0, 1 or one less than a batch. Batches of four have separate kernels. */
const batches = [4, 6].flatMap((batchSize) =>
  [2 * batchSize, 2 * batchSize + 1, 3 * batchSize - 1].map((rows) => ({ batchSize, rows })),
)
const fullBatches = [4, 9].map((rows) => ({ batchSize: 'full' as const, rows }))
/** None, one, and one row less than a multiple of a batch. */
const validations = isLong ? [0, 1, 11] : [1, 11]

const normalization = { type: 'batchNormalization' as const, epsilon: 1e-2, momentum: 0.8 }
/** Bodies whose outputs are positive, so that logits with very negative weights overflow to −∞. */
const bodies: Readonly<Record<string, { inputShape: number[]; layers: Layers }>> = {
  'dense layers': { inputShape: [5], layers: [{ type: 'dense', units: 7, activation: 'sigmoid' }] },
  'normalized dense layers': {
    inputShape: [5],
    layers: [
      { type: 'dense', units: 7, activation: 'tanh' },
      normalization,
      { type: 'activation', activation: 'sigmoid' },
    ],
  },
  'normalized signals': {
    inputShape: [2, 6],
    layers: [
      { type: 'conv1d', filters: 3, kernelSize: 2 },
      normalization,
      { type: 'activation', activation: 'sigmoid' },
      { type: 'flatten' },
    ],
  },
}

/** 48 classes fill every vector and panel; 49 leave one lane. */
const outputs = [1, 48, 49]

/** The last layer and its loss: with a logit of −∞, a loss of the outputs, because that of the logits is infinite. */
function end(classes: number, infinite: boolean): { last: Layers[number]; loss: SpecInput['loss'] } {
  const activation = classes === 1 ? 'sigmoid' : 'softmax'
  const ofLogits = classes === 1 ? 'binaryCrossentropy' : 'categoricalCrossentropy'
  return { last: { type: 'dense', units: classes, activation }, loss: infinite ? 'squaredError' : ofLogits }
}

interface Edge {
  readonly name: string
  readonly training: TrainingCase
  readonly infinite: boolean
  /** Computed once, for all backends. */
  readonly expected: PinnedOutcome
}

function edgesOf(body: { inputShape: number[]; layers: Layers }, classes: number): Edge[] {
  const { inputShape, layers } = body
  const edges: Edge[] = []
  for (const { batchSize, rows } of [...batches, ...fullBatches]) {
    for (const sampling of samplings) {
      for (const validationRows of validations) {
        for (const infinite of [false, true]) {
          const { last, loss } = end(classes, infinite)
          const network = { inputShape, layers: [...layers, last] }
          // Kernels may take e^−∞ for the smallest float, which weights of −3e38 make a gradient of 1.
          const optimizer = { type: 'sgd' as const, learningRate: infinite ? 1e-7 : 0.02 }
          const spec = { network, loss, optimizer, epochs, batchSize, sampling }
          const training = trainingCase(spec, rows, validationRows)
          const expected = runPinned(training, referenceBackend, pinnedWeights(training.program, infinite), 1)
          const logits = infinite ? ', a logit of −∞' : ''
          const name = `${rows} rows in batches of ${batchSize}, ${sampling}, ${validationRows} to validate${logits}`
          edges.push({ name, training, infinite, expected })
        }
      }
    }
  }
  return edges
}

function expectClose(actual: PinnedOutcome, expected: PinnedOutcome, name: string): void {
  expect([actual.reason, actual.epochs], name).toEqual([expected.reason, expected.epochs])
  expect(actual.metrics.map(Number.isNaN), name).toEqual(expected.metrics.map(Number.isNaN))
  const measured = ({ metrics }: PinnedOutcome) => metrics.filter((value) => !Number.isNaN(value))
  expect(
    firstDifference(measured(actual), measured(expected), { relative: 1e-4, absolute: 1e-6 }),
    name,
  ).toBeNull()
  const gradient = firstDifference(actual.lastGradient, expected.lastGradient, {
    relative: 1e-3,
    absolute: 1e-5,
  })
  expect(gradient, `${name}: gradient of the last weights`).toBeNull()
  for (const [tensor, { values }] of expected.weights) {
    const actualValues = actual.weights.get(tensor)?.values ?? []
    const difference = firstDifference(actualValues, values, { relative: 1e-3, absolute: 2e-5 })
    expect(difference, `${name}: ${tensor}`).toBeNull()
  }
}

const wasm = registered.find(({ backend }) => backend.name === 'wasm')
const tested: [string, Backend][] = [
  ...(['plain', 'relaxed'] as const).flatMap((variant): [string, Backend][] =>
    wasm?.reason === null
      ? [[`wasm (${variant})`, createWasmBackend(() => ({ variant, module: compileVariant(variant) }))]]
      : [],
  ),
  ...runnableVariants.map((variant): [string, Backend] => [
    `native (${variant})`,
    createNativeBackend(variant),
  ]),
]

for (const [body, layers] of Object.entries(bodies)) {
  for (const classes of outputs) {
    describe(`${body} with ${classes} outputs`, () => {
      const edges = edgesOf(layers, classes)

      test('the reference finishes every epoch', () => {
        for (const { name, expected } of edges) {
          expect([expected.reason, expected.epochs], name).toEqual(['epochs', epochs])
        }
      })

      test.each(tested)('%s agrees with the reference', (_, backend) => {
        for (const { name, training, infinite, expected } of edges) {
          const weights = pinnedWeights(training.program, infinite)
          const whole = runPinned(training, backend, weights, epochs)
          expectClose(whole, expected, name)
          expect(runPinned(training, backend, weights, 1), `${name}: an epoch a call`).toEqual(whole)
        }
      })
    })
  }
}
