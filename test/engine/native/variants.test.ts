/** Every instruction set and every number of threads agrees with the reference. */
import { describe, expect, test } from 'vitest'
import { compilePrediction } from '../../../src/engine/compile.js'
import { train } from '../../../src/engine/index.js'
import type { Backend } from '../../../src/engine/kernels/backend.js'
import { createNativeBackend } from '../../../src/engine/kernels/native/backend.js'
import { referenceBackend } from '../../../src/engine/kernels/reference/backend.js'
import { SharedMemory } from '../../../src/engine/memory.js'
import { type Weights, writeWeights } from '../../../src/engine/weights.js'
import { runnableVariants } from '../../support/kernel-variants.js'
import { expectClose, expectSame, outcome } from '../../support/outcome.js'
import { type SpecInput, trainingCase } from '../../support/training-case.js'

const adam = { type: 'adam' as const, learningRate: 0.01 }
const cases: readonly (readonly [string, SpecInput, number])[] = [
  ['wide dense layers', dense([70], [130, 41, 10], 'relu', 33), 80],
  ['narrow dense layers', dense([3], [5, 2], 'tanh', 7), 30],
  ['deep sums', dense([900], [37, 4], 'sigmoid', 21), 42],
  ['more rows than one packed block', dense([100], [300, 4], 'tanh', 512), 600],
  ['single rows', dense([40], [50, 3], 'gelu', 1), 5],
  ['images', images('valid', 1), 21],
  ['padded images', images('same', 1), 21],
  ['strided images', images('same', 2), 21],
  ['signals', signals(), 26],
  ['unshared images', unsharedImages(), 26],
  ['few filters on wide images', pooled(), 17],
  ['repeated pooling', halved(), 15],
  ['kernels wider than a vector', wideKernels(), 10],
  ['consecutive convolutions', sequence(), 12],
  ['rows of eight and sixteen outputs with few filters', tiles(), 10],
  [
    'four rows: sigmoids',
    four(
      2,
      [
        [4, 'sigmoid'],
        [1, 'sigmoid'],
      ],
      { loss: 'squaredError' },
    ),
    4,
  ],
  [
    'four rows: a smaller last batch',
    four(
      7,
      [
        [8, 'gelu'],
        [5, 'sigmoid'],
        [3, 'tanh'],
      ],
      {
        loss: 'meanAbsoluteError',
        optimizer: { type: 'sgd', learningRate: 0.01, momentum: 0.9, nesterov: true, weightDecay: 0.01 },
      },
    ),
    11,
  ],
  [
    'four rows: another optimizer',
    four(
      3,
      [
        [6, 'relu'],
        [1, 'sigmoid'],
      ],
      { loss: 'binaryCrossentropy', optimizer: adam },
    ),
    12,
  ],
  [
    'four rows: clipped gradients',
    four(
      5,
      [
        [7, 'sigmoid'],
        [2, 'linear'],
      ],
      { loss: 'huber', clipNorm: 0.01 },
    ),
    8,
  ],
  [
    'four rows: L1 regularization',
    four(
      5,
      [
        [7, 'sigmoid'],
        [2, 'linear'],
      ],
      { loss: 'huber', l1: 0.01 },
    ),
    8,
  ],
]

/** Batches of four rows through narrow dense layers, one row per lane. */
function four(
  inputs: number,
  layers: readonly [units: number, activation: 'sigmoid' | 'gelu' | 'tanh' | 'relu' | 'linear'][],
  rest: Pick<SpecInput, 'loss'> & Partial<SpecInput>,
): SpecInput {
  return {
    network: {
      inputShape: [inputs],
      layers: layers.map(([units, activation], i) => ({
        type: 'dense',
        units,
        activation,
        useBias: i !== 1 || layers.length < 3,
      })),
    },
    optimizer: { type: 'sgd', learningRate: 0.5, momentum: 0.9 },
    epochs: 5,
    batchSize: 4,
    ...rest,
  }
}

/** Consecutive row-wise operations, with more than one vector along the positions. */
function pooled(): SpecInput {
  return {
    network: {
      inputShape: [1, 30, 41],
      layers: [
        { type: 'conv2d', filters: 6, kernelSize: [3, 8], activation: 'relu' },
        { type: 'maxPooling2d' },
        { type: 'averagePooling2d', poolSize: 2 },
        { type: 'activation', activation: 'tanh' },
        { type: 'flatten' },
        { type: 'dense', units: 3, activation: 'softmax' },
      ],
    },
    loss: 'meanSquaredError',
    optimizer: { type: 'sgd', learningRate: 0.05 },
    epochs: 2,
    batchSize: 8,
  }
}

/** Pooled rows of a vector, half a vector and less, with rows and columns of inputs left over. */
function halved(): SpecInput {
  return {
    network: {
      inputShape: [1, 46, 38],
      layers: [
        { type: 'conv2d', filters: 9, kernelSize: 3, padding: 'same', activation: 'relu' },
        { type: 'maxPooling2d' },
        { type: 'maxPooling2d' },
        { type: 'conv2d', filters: 4, kernelSize: 2, padding: 'same', activation: 'relu' },
        { type: 'maxPooling2d' },
        { type: 'maxPooling2d' },
        { type: 'flatten' },
        { type: 'dense', units: 3, activation: 'softmax' },
      ],
    },
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'sgd', learningRate: 0.05 },
    epochs: 2,
    batchSize: 6,
  }
}

/** Rows of outputs more than a vector apart, more than one round of taps, and vertical kernels. */
function wideKernels(): SpecInput {
  return {
    network: {
      inputShape: [2, 13, 47],
      layers: [
        { type: 'conv2d', filters: 3, kernelSize: [9, 24], padding: 'same', activation: 'relu' },
        { type: 'conv2d', filters: 4, kernelSize: [3, 1], strides: [2, 1], activation: 'sigmoid' },
        { type: 'conv2d', filters: 2, kernelSize: [1, 20], activation: 'linear' },
        { type: 'globalAveragePooling2d' },
        { type: 'dense', units: 2 },
      ],
    },
    loss: 'meanSquaredError',
    optimizer: { type: 'sgd', learningRate: 0.05 },
    epochs: 2,
    batchSize: 4,
  }
}

/** Tiles: one and two per row, odd heights, padding, a vertical stride, every kind of epilogue. */
function tiles(): SpecInput {
  return {
    network: {
      inputShape: [2, 12, 22],
      layers: [
        { type: 'conv2d', filters: 16, kernelSize: [4, 7], activation: 'gelu' },
        {
          type: 'conv2d',
          filters: 14,
          kernelSize: [3, 7],
          strides: [2, 1],
          padding: 'same',
          activation: 'relu',
        },
        { type: 'maxPooling2d', poolSize: [1, 2] },
        { type: 'conv2d', filters: 15, kernelSize: 3, padding: 'same', useBias: false },
        { type: 'flatten' },
        { type: 'dense', units: 3, activation: 'softmax' },
      ],
    },
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'sgd', learningRate: 0.01 },
    epochs: 3,
    batchSize: 5,
  }
}

/** Gradients through several row-wise convolutions, with relu fused into pooling. */
function sequence(): SpecInput {
  return {
    network: {
      inputShape: [1, 20, 26],
      layers: [
        { type: 'conv2d', filters: 8, kernelSize: 5, activation: 'relu' },
        { type: 'maxPooling2d' },
        { type: 'conv2d', filters: 18, kernelSize: 3, padding: 'same', activation: 'relu' },
        { type: 'maxPooling2d', poolSize: 3, strides: 2 },
        { type: 'conv2d', filters: 20, kernelSize: 2, activation: 'relu' },
        { type: 'globalAveragePooling2d' },
        { type: 'dense', units: 3, activation: 'softmax' },
      ],
    },
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'sgd', learningRate: 0.1 },
    epochs: 3,
    batchSize: 6,
  }
}

function dense(
  inputShape: number[],
  widths: number[],
  activation: 'relu' | 'tanh' | 'sigmoid' | 'gelu',
  batchSize: number,
): SpecInput {
  return {
    network: {
      inputShape,
      layers: widths.map((units, i) => ({
        type: 'dense',
        units,
        activation: i === widths.length - 1 ? ('softmax' as const) : activation,
      })),
    },
    loss: 'categoricalCrossentropy',
    optimizer: adam,
    epochs: 3,
    batchSize,
  }
}

function images(padding: 'valid' | 'same', strides: number): SpecInput {
  return {
    network: {
      inputShape: [2, 19, 23],
      layers: [
        { type: 'conv2d', filters: 5, kernelSize: 5, padding, activation: 'relu' },
        { type: 'maxPooling2d' },
        { type: 'batchNormalization' },
        { type: 'conv2d', filters: 17, kernelSize: [3, 2], strides, padding, activation: 'tanh' },
        { type: 'averagePooling2d', poolSize: 2 },
        { type: 'flatten' },
        { type: 'dropout', rate: 0.25 },
        { type: 'dense', units: 4, activation: 'softmax' },
      ],
    },
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'sgd', learningRate: 0.05, momentum: 0.9 },
    epochs: 2,
    batchSize: 8,
  }
}

function unsharedImages(): SpecInput {
  return {
    network: {
      inputShape: [3, 11, 9],
      layers: [
        { type: 'locallyConnected2d', filters: 18, kernelSize: [3, 2], strides: [2, 1], activation: 'elu' },
        { type: 'locallyConnected2d', filters: 3, kernelSize: 2, strides: 2 },
        { type: 'flatten' },
        { type: 'dense', units: 10 },
      ],
    },
    loss: 'huber',
    optimizer: { type: 'adam', learningRate: 0.002 },
    epochs: 2,
    batchSize: 9,
  }
}

function signals(): SpecInput {
  return {
    network: {
      inputShape: [3, 61],
      layers: [
        { type: 'conv1d', filters: 16, kernelSize: 3, activation: 'relu' },
        { type: 'conv1d', filters: 34, kernelSize: 9, strides: 3, activation: 'elu' },
        { type: 'locallyConnected1d', filters: 3, kernelSize: 4, strides: 2 },
        { type: 'globalAveragePooling1d' },
        { type: 'dense', units: 60 },
      ],
    },
    loss: 'huber',
    optimizer: { type: 'rmsprop', learningRate: 0.002 },
    epochs: 2,
    batchSize: 9,
  }
}

describe.each(runnableVariants)('kernels for %s', (variant) => {
  const backend = createNativeBackend(variant)

  test.each(cases)('%s', (_, spec, rows) => {
    const training = trainingCase(spec, rows, 5)
    expectClose(outcome(training, backend, 1), outcome(training, referenceBackend, 1))
  })

  test('reports the variant', () => {
    const training = trainingCase(signals(), 9)
    expect(outcome(training, backend, 1).detail).toBe(variant)
  })

  test.each([1, 2])('flushes denormals with %i threads, and restores the mode', (threads) => {
    const denormal = 1e-40
    expect(productOf(referenceBackend, denormal, 1)).toBeGreaterThan(0)
    expect(productOf(backend, 1, threads)).toBe(1)
    expect(productOf(backend, denormal, threads)).toBe(0)
    outcome(trainingCase(signals(), 9), backend, threads)
    const [smallest = 0] = Float64Array.of(Number.MIN_VALUE)
    expect(smallest * 2).toBeGreaterThan(0)
  })
})

/** The output of a unit for a one-hot row; wide enough for several threads. */
function productOf(backend: Backend, weight: number, threads: number): number {
  const network = { inputShape: [512], layers: [{ type: 'dense' as const, units: 256 }] }
  const { program: training } = trainingCase({ network, loss: 'huber', epochs: 1 }, 1)
  const program = compilePrediction(training.network, 8)
  const memory = SharedMemory.create(4 * program.floats)
  const arena = memory.reserve(4 * program.floats)
  const workspace = memory.reserve(backend.workspaceBytes(program))
  const weights: Weights = new Map([
    ['layers.0.weight', { shape: [256, 512], values: new Float32Array(256 * 512).fill(weight) }],
    ['layers.0.bias', { shape: [256], values: new Float32Array(256) }],
  ])
  writeWeights(program, memory.float32(arena, program.floats), weights)
  const outputs = new Float32Array(8 * 256)
  const inputs = Float32Array.from({ length: 8 * 512 }, (_, i) => (i % 512 === 7 ? 1 : 0))
  backend.predictor({ program, memory, arena, workspace, threads }).predict(inputs, outputs)
  expect(new Set(outputs).size).toBe(1)
  return outputs[0] ?? Number.NaN
}

describe.skipIf(runnableVariants.length === 0)('threads', () => {
  const backend = createNativeBackend(null)

  test.each(cases)('two and three threads: %s', (_, spec, rows) => {
    const training = trainingCase(spec, rows, 5)
    const expected = outcome(training, referenceBackend, 1)
    for (const threads of [2, 3]) {
      const first = outcome(training, backend, threads)
      expectClose(first, expected)
      expectSame(outcome(training, backend, threads), first)
    }
  })

  test('large work is shared with identical results', () => {
    const training = trainingCase(dense([300], [256, 10], 'relu', 64), 128)
    const alone = outcome(training, backend, 1)
    expectSame(outcome(training, backend, 2), alone)
    expectSame(outcome(training, backend, 4), alone)
  })

  test('an invalid number of threads is rejected', () => {
    const { program, dataset } = trainingCase(dense([3], [2], 'relu', 4), 8)
    for (const threads of [0, -1, 1.5, 257]) {
      expect(() => train(program, dataset(), { backend: 'native', seed: 1, threads })).toThrow('out of range')
    }
  })
})
