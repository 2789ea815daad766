/** Small dense networks with batches of four rows, for which the kernels use a special layout. */
import { describe, expect, test } from 'vitest'
import { createNativeBackend } from '../../../src/engine/kernels/native/backend.js'
import { referenceBackend } from '../../../src/engine/kernels/reference/backend.js'
import type { Program } from '../../../src/engine/program.js'
import { runnableVariants } from '../../support/kernel-variants.js'
import { expectClose, type Outcome, outcome } from '../../support/outcome.js'
import { type SpecInput, trainingCase, weightsFor } from '../../support/training-case.js'

type Dense = Extract<SpecInput['network']['layers'][number], { type: 'dense' }>

interface Case {
  readonly inputs: number
  /** Units, activation, and whether the layer has no bias. */
  readonly layers: readonly (readonly [number, Dense['activation'], 'omitActivation'?])[]
  readonly rows: number
  readonly validationRows?: number
  readonly rest: Pick<SpecInput, 'loss'> & Partial<SpecInput>
}

const sgd = { type: 'sgd' as const, learningRate: 0.05 }
const momentum = { ...sgd, momentum: 0.9 }
const nesterov = { ...sgd, momentum: 0.8, nesterov: true, weightDecay: 0.02 }

const cases: Readonly<Record<string, Case>> = {
  'one input, one unit': {
    inputs: 1,
    layers: [[1, 'linear']],
    rows: 4,
    rest: { loss: 'squaredError', optimizer: sgd },
  },
  'one unit after one, without biases': {
    inputs: 1,
    layers: [
      [1, 'tanh', 'omitActivation'],
      [1, 'linear', 'omitActivation'],
    ],
    rows: 4,
    rest: { loss: 'squaredError', optimizer: nesterov },
  },
  'exclusive or': {
    inputs: 2,
    layers: [
      [4, 'sigmoid'],
      [1, 'sigmoid'],
    ],
    rows: 4,
    rest: { loss: 'squaredError', optimizer: { ...momentum, learningRate: 0.5 } },
  },
  'three hidden units and a last batch of two': {
    inputs: 3,
    layers: [
      [3, 'tanh'],
      [1, 'sigmoid'],
    ],
    rows: 10,
    validationRows: 3,
    rest: { loss: 'binaryCrossentropy', optimizer: nesterov },
  },
  'four inputs without bias, one output without': {
    inputs: 4,
    layers: [
      [4, 'relu', 'omitActivation'],
      [1, 'linear', 'omitActivation'],
    ],
    rows: 9,
    validationRows: 4,
    rest: { loss: 'meanSquaredError', optimizer: momentum },
  },
  'five hidden units, seven inputs': {
    inputs: 7,
    layers: [
      [5, 'gelu'],
      [1, 'linear'],
    ],
    rows: 8,
    rest: { loss: 'huber', optimizer: sgd },
  },
  'eight hidden units, three inputs': {
    inputs: 3,
    layers: [
      [8, 'softplus'],
      [1, 'linear'],
    ],
    rows: 11,
    validationRows: 5,
    rest: { loss: 'hinge', optimizer: { ...sgd, weightDecay: 0.1 } },
  },
  'a hidden unit alone': {
    inputs: 5,
    layers: [
      [1, 'elu'],
      [1, 'step'],
    ],
    rows: 7,
    rest: { loss: 'perceptron', optimizer: momentum },
  },
  'more hidden units than registers': {
    inputs: 16,
    layers: [
      [16, 'leakyRelu'],
      [1, 'sigmoid'],
    ],
    rows: 12,
    validationRows: 1,
    rest: { loss: 'squaredError', optimizer: momentum },
  },
  'several outputs': {
    inputs: 4,
    layers: [
      [5, 'sigmoid'],
      [3, 'sigmoid'],
    ],
    rows: 13,
    validationRows: 6,
    rest: { loss: 'squaredError', optimizer: nesterov },
  },
  'several hidden layers, one without bias': {
    inputs: 3,
    layers: [
      [16, 'tanh'],
      [3, 'linear', 'omitActivation'],
      [5, 'softplus'],
      [4, 'relu'],
      [2, 'linear'],
    ],
    rows: 10,
    validationRows: 4,
    rest: { loss: 'meanAbsoluteError', optimizer: { ...sgd, learningRate: 0.01 } },
  },
  'full widths': {
    inputs: 16,
    layers: [
      [16, 'sigmoid'],
      [16, 'tanh'],
      [16, 'linear'],
    ],
    rows: 8,
    rest: { loss: 'meanSquaredError', optimizer: momentum },
  },
  'a narrow layer between': {
    inputs: 6,
    layers: [
      [9, 'gelu'],
      [1, 'tanh'],
      [7, 'sigmoid'],
    ],
    rows: 6,
    validationRows: 2,
    rest: { loss: 'binaryCrossentropy', optimizer: sgd },
  },
  Adam: {
    inputs: 2,
    layers: [
      [4, 'sigmoid'],
      [1, 'sigmoid'],
    ],
    rows: 10,
    validationRows: 3,
    rest: { loss: 'squaredError', optimizer: { type: 'adam', learningRate: 0.01 } },
  },
  'AdamW over three outputs': {
    inputs: 5,
    layers: [
      [6, 'sigmoid'],
      [3, 'sigmoid'],
    ],
    rows: 7,
    rest: { loss: 'binaryCrossentropy', optimizer: { type: 'adamw', learningRate: 0.01 } },
  },
  RMSprop: {
    inputs: 3,
    layers: [
      [7, 'tanh'],
      [1, 'linear'],
    ],
    rows: 8,
    rest: { loss: 'huber', optimizer: { type: 'rmsprop', learningRate: 0.002 } },
  },
  'Adam with weight decay over clipped gradients': {
    inputs: 6,
    layers: [
      [5, 'tanh'],
      [2, 'sigmoid'],
    ],
    rows: 10,
    validationRows: 3,
    rest: {
      loss: 'binaryCrossentropy',
      optimizer: { type: 'adam', learningRate: 0.01, weightDecay: 0.3 },
      clipNorm: 0.2,
    },
  },
  'Adagrad with weight decay': {
    inputs: 3,
    layers: [
      [7, 'tanh'],
      [1, 'linear'],
    ],
    rows: 8,
    rest: { loss: 'huber', optimizer: { type: 'adagrad', learningRate: 0.01, weightDecay: 0.1 } },
  },
  'L1 regularization with SGD': {
    inputs: 3,
    layers: [
      [5, 'tanh'],
      [2, 'linear'],
    ],
    rows: 10,
    validationRows: 2,
    rest: { loss: 'huber', optimizer: nesterov, l1: 0.01 },
  },
  'L1 regularization and weight decay with Adam over clipped gradients': {
    inputs: 3,
    layers: [
      [5, 'tanh'],
      [2, 'linear'],
    ],
    rows: 9,
    rest: {
      loss: 'huber',
      optimizer: { type: 'adam', learningRate: 0.01, weightDecay: 0.1 },
      l1: 0.02,
      clipNorm: 0.2,
    },
  },
  'clipped gradients': {
    inputs: 3,
    layers: [
      [4, 'sigmoid'],
      [1, 'linear'],
    ],
    rows: 5,
    rest: { loss: 'squaredError', optimizer: momentum, clipNorm: 0.1 },
  },
}

function trainingOf({ inputs, layers, rows, validationRows, rest }: Case) {
  const dense = layers.map(([units, activation, omitActivation]) => ({
    type: 'dense' as const,
    units,
    activation,
    useBias: omitActivation === undefined,
  }))
  const network = { inputShape: [inputs], layers: dense }
  return trainingCase({ network, epochs: 7, batchSize: 4, ...rest }, rows, validationRows)
}

/** Parameters, gradients and optimizer state. */
function lasting({ buffers }: Program, { arena }: Outcome) {
  const kinds = ['parameter', 'gradient', 'optimizerState']
  return buffers
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ name, offset, length }) => ({ name, values: arena.slice(offset, offset + length) }))
}

describe.each(runnableVariants)('kernels for %s, four rows', (variant) => {
  const backend = createNativeBackend(variant)

  test.each(Object.entries(cases))('%s', (_, some) => {
    const training = trainingOf(some)
    const whole = outcome(training, backend, 1)
    const expected = outcome(training, referenceBackend, 1)
    expectClose(whole, expected)

    // Only the narrow kernels leave the arena's rows zero.
    const input = training.program.buffers[training.program.input]
    if (input === undefined) throw new Error('the program has no input')
    const rows = whole.arena.subarray(input.offset, input.offset + input.length)
    expect(rows.every((value) => value === 0)).toBe(true)

    const gradients = (of: Outcome) =>
      lasting(training.program, of).flatMap(({ name, values }) =>
        name.endsWith('.gradient') ? [...values] : [],
      )
    const wanted = gradients(expected)
    const largest = Math.max(...wanted.map(Math.abs))
    gradients(whole).forEach((value, i) => {
      expect(Math.abs(value - (wanted[i] ?? Number.NaN))).toBeLessThan(2e-3 * largest + 1e-6)
    })

    for (const steps of [1, 2, 3]) {
      const cut = outcome(training, backend, 1, steps)
      expect(cut.metrics).toEqual(whole.metrics)
      expect(lasting(training.program, cut)).toEqual(lasting(training.program, whole))
    }
  })

  test('values far outside the range of the logistic function', () => {
    const training = trainingOf({
      inputs: 2,
      layers: [
        [3, 'sigmoid'],
        [1, 'sigmoid'],
      ],
      rows: 4,
      rest: { loss: 'squaredError', optimizer: { ...sgd, learningRate: 1e4 } },
    })
    expectClose(outcome(training, backend, 1), outcome(training, referenceBackend, 1))
  })

  test('weighted rows use the general kernels', () => {
    const network = { inputShape: [2], layers: [{ type: 'dense' as const, units: 3 }] }
    const spec: SpecInput = { network, loss: 'huber', epochs: 5, batchSize: 4 }
    const training = trainingCase(spec, 10, 3, weightsFor(13))
    expectClose(outcome(training, backend, 1), outcome(training, referenceBackend, 1))
  })

  test('a network that is too wide uses the general kernels', () => {
    const training = trainingOf({
      inputs: 2,
      layers: [
        [17, 'sigmoid'],
        [1, 'sigmoid'],
      ],
      rows: 4,
      rest: { loss: 'squaredError', optimizer: sgd },
    })
    const { arena } = outcome(training, backend, 1)
    expect(arena.subarray(0, 8).some((value) => value !== 0)).toBe(true)
  })
})
