/** Computed by hand: outputs of layers for small inputs, optimizer steps on one weight, tasks for small networks. */
import { describe, expect, test } from 'vitest'
import { trainingSchema } from '../../../src/contract/network.js'
import { compile, Dataset, Predictor, readEpochs, train, type Weights } from '../../../src/engine/index.js'
import type { BackendName } from '../../../src/engine/kernels/backend.js'
import type { SpecInput } from '../../support/training-case.js'
import { firstDifference, registered } from './cases.js'

type Tensors = Record<string, { shape: number[]; values: number[] }>
type LayerInput = SpecInput['network']['layers'][number]

function weightsOf(tensors: Tensors): Weights {
  return new Map(
    Object.entries(tensors).map(([name, { shape, values }]) => [
      `layers.0.${name}`,
      { shape, values: Float32Array.from(values) },
    ]),
  )
}

interface WorkedLayer {
  readonly title: string
  readonly inputShape: number[]
  readonly layer: LayerInput
  readonly tensors?: Tensors
  readonly x: number[]
  readonly y: number[]
}

const workedLayers: WorkedLayer[] = [
  {
    title: 'dense: W x + b, rows of W are units',
    inputShape: [2],
    layer: { type: 'dense', units: 3 },
    tensors: {
      weight: { shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
      bias: { shape: [3], values: [0.5, 0, -0.5] },
    },
    x: [1, 10, -1, 0],
    y: [21.5, 43, 64.5, -0.5, -3, -5.5],
  },
  {
    title: 'conv1d: the kernel is not flipped',
    inputShape: [1, 4],
    layer: { type: 'conv1d', filters: 1, kernelSize: 2 },
    tensors: { weight: { shape: [1, 1, 2], values: [1, 10] }, bias: { shape: [1], values: [0.5] } },
    x: [1, 2, 3, 4],
    y: [21.5, 32.5, 43.5],
  },
  {
    title: 'conv1d same: the extra cell goes to the end',
    inputShape: [1, 3],
    layer: { type: 'conv1d', filters: 1, kernelSize: 2, padding: 'same', useBias: false },
    tensors: { weight: { shape: [1, 1, 2], values: [1, 10] } },
    x: [1, 2, 3],
    y: [21, 32, 3],
  },
  {
    title: 'conv1d same with strides: one zero before, two after',
    inputShape: [1, 5],
    layer: { type: 'conv1d', filters: 1, kernelSize: 4, strides: 2, padding: 'same', useBias: false },
    tensors: { weight: { shape: [1, 1, 4], values: [1, 10, 100, 1000] } },
    x: [1, 2, 3, 4, 5],
    y: [3210, 5432, 54],
  },
  {
    title: 'conv1d same: a kernel longer than the signal meets zeros, not the next row',
    inputShape: [1, 2],
    layer: { type: 'conv1d', filters: 1, kernelSize: 3, strides: 3, padding: 'same', useBias: false },
    tensors: { weight: { shape: [1, 1, 3], values: [1, 10, 100] } },
    x: [1, 2, 3, 4],
    y: [21, 43],
  },
  {
    title: 'conv2d over two channels, two filters',
    inputShape: [2, 2, 3],
    layer: { type: 'conv2d', filters: 2, kernelSize: [2, 2], activation: 'relu' },
    tensors: {
      weight: { shape: [2, 2, 2, 2], values: [1, 0, 0, 1, 1, 1, 1, 1, -1, 0, 0, 0, 0, 0, 0, 0] },
      bias: { shape: [2], values: [0, 2] },
    },
    x: [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60],
    y: [126, 168, 1, 0],
  },
  {
    title: 'conv2d same: the extra row and column go to the end',
    inputShape: [1, 2, 2],
    layer: { type: 'conv2d', filters: 1, kernelSize: 2, padding: 'same', useBias: false },
    tensors: { weight: { shape: [1, 1, 2, 2], values: [1, 10, 100, 1000] } },
    x: [1, 2, 3, 4],
    y: [4321, 402, 43, 4],
  },
  {
    title: 'locallyConnected1d: each position has a separate kernel and bias',
    inputShape: [1, 3],
    layer: { type: 'locallyConnected1d', filters: 2, kernelSize: 2 },
    tensors: {
      weight: { shape: [2, 2, 1, 2], values: [1, 0, 0, 1, 10, 0, 0, 10] },
      bias: { shape: [2, 2], values: [0.1, 0.2, 0.3, 0.4] },
    },
    x: [1, 2, 3],
    y: [1.1, 20.3, 2.2, 30.4],
  },
  {
    // Position p takes only tap p of its window, times a power of ten.
    title: 'locallyConnected2d: each position has a separate kernel and bias',
    inputShape: [1, 3, 3],
    layer: { type: 'locallyConnected2d', filters: 1, kernelSize: 2 },
    tensors: {
      weight: {
        shape: [2, 2, 1, 1, 2, 2],
        values: [1, 0, 0, 0, 0, 10, 0, 0, 0, 0, 100, 0, 0, 0, 0, 1000],
      },
      bias: { shape: [2, 2, 1], values: [0.1, 0.2, 0.3, 0.4] },
    },
    x: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    y: [1.1, 30.2, 700.3, 9000.4],
  },
  {
    title: 'locallyConnected2d: strides and channels',
    inputShape: [2, 2, 3],
    layer: { type: 'locallyConnected2d', filters: 2, kernelSize: [1, 1], strides: [2, 2], useBias: false },
    tensors: { weight: { shape: [1, 2, 2, 2, 1, 1], values: [1, 10, 2, 20, 3, 30, 4, 40] } },
    x: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    y: [71, 279, 142, 372],
  },
  {
    title: 'maxPooling1d leaves a rest out',
    inputShape: [2, 5],
    layer: { type: 'maxPooling1d' },
    x: [1, 3, 2, 2, 9, -1, -3, -2, -2, -9],
    y: [3, 2, -1, -2],
  },
  {
    title: 'averagePooling2d with overlapping windows',
    inputShape: [1, 2, 3],
    layer: { type: 'averagePooling2d', poolSize: 2, strides: 1 },
    x: [1, 2, 3, 4, 5, 6],
    y: [3, 4],
  },
  {
    title: 'globalAveragePooling2d',
    inputShape: [2, 2, 2],
    layer: { type: 'globalAveragePooling2d' },
    x: [1, 2, 3, 4, 10, 20, 30, 40],
    y: [2.5, 25],
  },
  {
    title: 'dropout does nothing when predicting',
    inputShape: [3],
    layer: { type: 'dropout', rate: 0.5 },
    x: [1, 2, 3],
    y: [1, 2, 3],
  },
  {
    title: 'batchNormalization predicts by the running statistics',
    inputShape: [2, 2],
    layer: { type: 'batchNormalization', epsilon: 1 },
    tensors: {
      weight: { shape: [2], values: [2, 1] },
      bias: { shape: [2], values: [0, 5] },
      runningMean: { shape: [2], values: [1, 10] },
      runningVar: { shape: [2], values: [3, 0] },
    },
    x: [1, 3, 10, 12],
    y: [0, 2, 5, 7],
  },
  {
    title: 'softmax is not moved by a shift, however large',
    inputShape: [3],
    layer: { type: 'activation', activation: 'softmax' },
    x: [1000, 1000, 1000, 0, Math.log(2), Math.log(5)],
    y: [1 / 3, 1 / 3, 1 / 3, 1 / 8, 2 / 8, 5 / 8],
  },
]

/** One weight w, prediction w · x with x = 1, target 0, squared error: the gradient is w. */
function weightAfter(
  backend: BackendName,
  optimizer: SpecInput['optimizer'],
  steps: number,
  rest: Pick<SpecInput, 'l1' | 'clipNorm'> = {},
): number {
  const spec = trainingSchema.parse({
    network: { inputShape: [1], layers: [{ type: 'dense', units: 1, useBias: false }] },
    loss: 'squaredError',
    optimizer,
    epochs: steps,
    ...rest,
  })
  const program = compile(spec, { inputShape: [1], targetWidth: 1, trainingRows: 1, validationRows: 0 })
  const dataset = Dataset.from([1], [0], { training: Int32Array.of(0), validation: Int32Array.of() })
  const initialWeights = weightsOf({ weight: { shape: [1, 1], values: [2] } })
  const training = train(program, dataset, { backend, seed: 1, initialWeights })
  training.run()
  return training.weights().get('layers.0.weight')?.values[0] ?? Number.NaN
}

/** The same by formula: `rule` maps the gradient to the step to subtract. */
function byFormula(steps: number, rule: (gradient: number, step: number) => number): number {
  let weight = 2
  for (let step = 1; step <= steps; step++) weight -= rule(weight, step)
  return weight
}

function momentumRule(momentum: number, nesterov: boolean): (gradient: number) => number {
  let velocity = 0
  return (gradient) => {
    velocity = momentum * velocity + gradient
    return 0.1 * (nesterov ? gradient + momentum * velocity : velocity)
  }
}

function adamRule(corrected: boolean): (gradient: number, step: number) => number {
  let first = 0
  let second = 0
  return (gradient, step) => {
    first = 0.9 * first + 0.1 * gradient
    second = 0.999 * second + 0.001 * gradient ** 2
    const [one, two] = corrected ? [1 - 0.9 ** step, 1 - 0.999 ** step] : [1, 1]
    return (0.1 * (first / one)) / (Math.sqrt(second / two) + 1e-8)
  }
}

function squareRule(add: (before: number, square: number) => number): (gradient: number) => number {
  let squares = 0
  return (gradient) => {
    squares = add(squares, gradient ** 2)
    return (0.1 * gradient) / (Math.sqrt(squares) + 1e-8)
  }
}

const logic: { name: string; targets: number[] }[] = [
  { name: 'and', targets: [0, 0, 0, 1] },
  { name: 'or', targets: [0, 1, 1, 1] },
  { name: 'xor', targets: [0, 1, 1, 0] },
]

function lastAccuracy(backend: BackendName, targets: number[], spec: SpecInput): number | null | undefined {
  const inputs = [0, 0, 0, 1, 1, 0, 1, 1]
  const program = compile(trainingSchema.parse(spec), {
    inputShape: [2],
    targetWidth: 1,
    trainingRows: 4,
    validationRows: 0,
  })
  const dataset = Dataset.from(inputs, targets, {
    training: Int32Array.of(0, 1, 2, 3),
    validation: Int32Array.of(),
  })
  return readEpochs(train(program, dataset, { backend, seed: 2 }).run().epochs).at(-1)?.accuracy
}

for (const { backend, reason } of registered) {
  const { name } = backend
  describe.skipIf(reason !== null)(`computed by hand, on ${name}`, () => {
    test.each(workedLayers)('$title', ({ inputShape, layer, tensors, x, y }) => {
      const { network } = trainingSchema.parse({
        network: { inputShape, layers: [layer] },
        loss: 'huber',
        epochs: 1,
      })
      const outputs = new Predictor(network, weightsOf(tensors ?? {}), { backend: name }).predict(
        Float32Array.from(x),
      )
      expect(firstDifference(outputs, y, { relative: 1e-6, absolute: 1e-6 })).toBeNull()
    })

    test('a tie in max pooling passes the gradient to the first cell', () => {
      const spec = trainingSchema.parse({
        network: {
          inputShape: [1, 2],
          layers: [
            { type: 'locallyConnected1d', filters: 1, kernelSize: 1, useBias: false },
            { type: 'maxPooling1d' },
            { type: 'flatten' },
          ],
        },
        loss: 'squaredError',
        optimizer: { type: 'sgd', learningRate: 1 },
        epochs: 1,
      })
      const program = compile(spec, { inputShape: [2], targetWidth: 1, trainingRows: 1, validationRows: 0 })
      const dataset = Dataset.from([1, 1], [0], { training: Int32Array.of(0), validation: Int32Array.of() })
      const initialWeights = weightsOf({ weight: { shape: [2, 1, 1, 1], values: [3, 3] } })
      const training = train(program, dataset, { backend: name, seed: 1, initialWeights })
      training.run()
      expect([...(training.weights().get('layers.0.weight')?.values ?? [])]).toEqual([0, 3])
    })

    // Means 3 and 3; variances ((1 − 3)² + (2 − 3)² + (6 − 3)²) / 2 and ((1 − 3)² + (5 − 3)²) / 1.
    test.each([
      { values: [1, 2, 6], variance: 7 },
      { values: [1, 5], variance: 8 },
    ])('running statistics of $values use momentum and the unbiased variance', ({ values, variance }) => {
      const spec = trainingSchema.parse({
        network: { inputShape: [1], layers: [{ type: 'batchNormalization', momentum: 0.75 }] },
        loss: 'squaredError',
        epochs: 1,
        batchSize: 'full',
      })
      const program = compile(spec, {
        inputShape: [1],
        targetWidth: 1,
        trainingRows: values.length,
        validationRows: 0,
      })
      const rows = { training: Int32Array.from(values.keys()), validation: Int32Array.of() }
      const training = train(
        program,
        Dataset.from(
          values,
          values.map(() => 0),
          rows,
        ),
        { backend: name, seed: 1 },
      )
      training.run()
      const weights = training.weights()
      expect(weights.get('layers.0.runningMean')?.values[0]).toBeCloseTo(0.25 * 3, 5)
      expect(weights.get('layers.0.runningVar')?.values[0]).toBeCloseTo(0.75 + 0.25 * variance, 5)
    })

    test.each<[string, SpecInput['optimizer'], (gradient: number, step: number) => number]>([
      ['sgd', { type: 'sgd', learningRate: 0.1 }, (gradient) => 0.1 * gradient],
      ['momentum', { type: 'sgd', learningRate: 0.1, momentum: 0.9 }, momentumRule(0.9, false)],
      ['small momentum', { type: 'sgd', learningRate: 0.1, momentum: 0.25 }, momentumRule(0.25, false)],
      [
        'nesterov',
        { type: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true },
        momentumRule(0.9, true),
      ],
      [
        'weight decay',
        { type: 'sgd', learningRate: 0.1, weightDecay: 0.5 },
        (gradient) => 0.1 * 1.5 * gradient,
      ],
      ['adam', { type: 'adam', learningRate: 0.1 }, adamRule(true)],
      [
        'adam without bias correction',
        { type: 'adam', learningRate: 0.1, biasCorrection: false },
        adamRule(false),
      ],
      [
        'rmsprop',
        { type: 'rmsprop', learningRate: 0.1, epsilon: 1e-8 },
        squareRule((before, square) => 0.9 * before + 0.1 * square),
      ],
      [
        'adagrad',
        { type: 'adagrad', learningRate: 0.1, epsilon: 1e-8 },
        squareRule((before, square) => before + square),
      ],
    ])('%s follows its formula', (_, optimizer, rule) => {
      const steps = 7
      expect(weightAfter(name, optimizer, steps)).toBeCloseTo(byFormula(steps, rule), 5)
    })

    test('adamw decays before the step', () => {
      const rule = adamRule(true)
      const decayed = byFormula(5, (weight, step) => 0.1 * 0.2 * weight + rule(weight, step))
      expect(weightAfter(name, { type: 'adamw', learningRate: 0.1, weightDecay: 0.2 }, 5)).toBeCloseTo(
        decayed,
        5,
      )
    })

    test('clipNorm scales only gradients with a norm above the limit', () => {
      const sgd = { type: 'sgd', learningRate: 0.1 } as const
      expect(weightAfter(name, sgd, 1, { clipNorm: 0.5 })).toBeCloseTo(2 - 0.1 * 0.5, 6)
      expect(weightAfter(name, sgd, 1, { clipNorm: 3 })).toBeCloseTo(2 - 0.1 * 2, 6)
    })

    test('l1 adds its sign of the weight to the gradient before clipping, and weight decay comes after', () => {
      const sgd = { type: 'sgd', learningRate: 0.1 } as const
      const pulled = byFormula(5, (weight) => 0.1 * (weight + 0.25))
      expect(weightAfter(name, sgd, 5, { l1: 0.25 })).toBeCloseTo(pulled, 5)
      // The gradient 2 + 0.5 is within the limit of 2.6, but not within that of 2.2.
      expect(weightAfter(name, sgd, 1, { l1: 0.5, clipNorm: 2.6 })).toBeCloseTo(2 - 0.1 * 2.5, 6)
      expect(weightAfter(name, sgd, 1, { l1: 0.5, clipNorm: 2.2 })).toBeCloseTo(2 - 0.1 * 2.2, 6)
      const decaying = { ...sgd, weightDecay: 0.5 }
      expect(weightAfter(name, decaying, 1, { l1: 0.5, clipNorm: 2.2 })).toBeCloseTo(2 - 0.1 * (2.2 + 1), 6)
      const rule = squareRule((before, square) => before + square)
      const adagrad = { type: 'adagrad', learningRate: 0.1, epsilon: 1e-8, weightDecay: 0.5 } as const
      const both = byFormula(5, (weight) => rule(1.5 * weight + 0.25))
      expect(weightAfter(name, adagrad, 5, { l1: 0.25 })).toBeCloseTo(both, 5)
    })

    test('l1 pulls a negative bias up, and leaves weights at 0', () => {
      const spec = trainingSchema.parse({
        network: { layers: [{ type: 'dense', units: 2 }, { type: 'batchNormalization' }] },
        loss: 'squaredError',
        optimizer: { type: 'sgd', learningRate: 0.1 },
        l1: 0.5,
        epochs: 3,
        batchSize: 'full',
      })
      const rows = { training: Int32Array.of(0, 1), validation: Int32Array.of() }
      const program = compile(spec, { inputShape: [1], targetWidth: 2, trainingRows: 2, validationRows: 0 })
      const initialWeights: Weights = new Map([
        ['layers.0.weight', { shape: [2, 1], values: Float32Array.of(0, 0) }],
        ['layers.0.bias', { shape: [2], values: Float32Array.of(-1, 0) }],
        ['layers.1.weight', { shape: [2], values: Float32Array.of(0, 0) }],
        ['layers.1.bias', { shape: [2], values: Float32Array.of(0, 0) }],
        ['layers.1.runningMean', { shape: [2], values: Float32Array.of(0, 0) }],
        ['layers.1.runningVar', { shape: [2], values: Float32Array.of(1, 1) }],
      ])
      const training = train(program, Dataset.from([1, 2], [0, 0, 0, 0], rows), {
        backend: name,
        seed: 1,
        initialWeights,
      })
      training.run()
      // The normalization subtracts the mean, so the loss has no slope along the bias: each step adds 0.1 · 0.5.
      const [negative, zero] = training.weights().get('layers.0.bias')?.values ?? []
      expect(negative).toBeCloseTo(-1 + 3 * 0.05, 6)
      expect(zero).toBe(0)
      expect([...(training.weights().get('layers.0.weight')?.values ?? [])]).toEqual([0, 0])
    })

    test.each(logic)('the perceptron learns $name unless it is xor', ({ name: title, targets }) => {
      const accuracy = lastAccuracy(name, targets, {
        network: { layers: [{ type: 'dense', units: 1, activation: 'step' }] },
        loss: 'perceptron',
        optimizer: { type: 'sgd', learningRate: 1 },
        epochs: 100,
        batchSize: 1,
      })
      if (title === 'xor') expect(accuracy).toBeLessThan(1)
      else expect(accuracy).toBe(1)
    })

    test('two layers learn xor', () => {
      const accuracy = lastAccuracy(name, [0, 1, 1, 0], {
        network: {
          layers: [
            { type: 'dense', units: 8, activation: 'tanh' },
            { type: 'dense', units: 1, activation: 'sigmoid' },
          ],
        },
        loss: 'binaryCrossentropy',
        optimizer: { type: 'adam', learningRate: 0.05 },
        epochs: 500,
      })
      expect(accuracy).toBe(1)
    })
  })
}
