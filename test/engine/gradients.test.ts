/** Gradients of the reference against central finite differences in float64, for every layer, activation and loss. */
import { describe, expect, test } from 'vitest'
import { runOperation } from '../../src/engine/kernels/reference/dispatch.js'
import { createRun } from '../../src/engine/kernels/reference/executor.js'
import { initializeWeights, tensorView } from '../../src/engine/weights.js'
import {
  type SpecInput,
  type TrainingCase,
  trainingCase,
  wave,
  weightsFor,
} from '../support/training-case.js'

const rows = 5
const seed = 11

type Layers = SpecInput['network']['layers']

/** The largest error of a gradient against its finite difference, relative to max(1, |gradient|). */
function largestError({ program, x, y }: TrainingCase): { error: number; largest: number; compared: number } {
  const floats = new Float64Array(program.floats)
  initializeWeights(program, floats, seed)
  for (const [i, tensor] of program.tensors.entries()) {
    const view = tensorView(program, floats, tensor.buffer)
    // Random biases too, because zero may be a kink.
    if (tensor.initial.type === 'constant' && tensor.gradient !== null) {
      view.set(wave(view.length, i + 2).map((value) => 0.3 * value + tensor.shape.length * 0.1))
    }
  }
  const l1 = program.spec.l1 ?? 0
  const running = floats.slice()
  const run = createRun(program, floats, seed)
  const lossAt = (): number => {
    for (const { offset, length, kind } of program.buffers) {
      if (kind === 'runningState') floats.set(running.subarray(offset, offset + length), offset)
    }
    tensorView(program, floats, program.input).set(x)
    if (program.target !== null) tensorView(program, floats, program.target).set(y)
    run.rows = rows
    run.lossSum = 0
    for (const operation of [...program.lists.forward, ...program.lists.backward])
      runOperation(operation, run)
    const trained = program.tensors.filter(({ gradient }) => gradient !== null)
    const sizes = trained.map(({ buffer }) => [...tensorView(program, floats, buffer)].reduce(addSize, 0))
    return run.lossSum / rows + l1 * sizes.reduce((sum, size) => sum + size, 0)
  }
  lossAt()
  let toPenalized = 0
  for (const operation of program.lists.update) {
    if (operation.op !== 'decayWeights') continue
    runOperation(operation, run)
    const { to, gradients } = operation.operands
    toPenalized = program.buffers[to].offset - program.buffers[gradients].offset
  }
  const gradients = program.tensors.map(({ gradient }) => {
    if (gradient === null) return null
    const { offset, length } = program.buffers[gradient]
    return floats.slice(offset + toPenalized, offset + toPenalized + length)
  })
  const step = 1e-5
  let error = 0
  let largest = 0
  let compared = 0
  program.tensors.forEach((tensor, t) => {
    const gradient = gradients[t]
    if (gradient === null || gradient === undefined) return
    const values = tensorView(program, floats, tensor.buffer)
    for (let i = 0; i < values.length; i++) {
      const kept = values[i]
      values[i] = kept + step
      const above = lossAt()
      values[i] = kept - step
      const below = lossAt()
      values[i] = kept
      const difference = (above - below) / (2 * step)
      error = Math.max(error, Math.abs(difference - gradient[i]) / Math.max(1, Math.abs(gradient[i])))
      largest = Math.max(largest, Math.abs(gradient[i]))
      compared++
    }
  })
  return { error, largest, compared }
}

const addSize = (sum: number, value: number) => sum + Math.abs(value)

function check(input: SpecInput): void {
  checkCase(trainingCase(input, rows))
}

function checkCase(training: TrainingCase): void {
  const { error, largest, compared } = largestError(training)
  expect(compared).toBeGreaterThan(0)
  expect(largest).toBeGreaterThan(1e-4)
  expect(error).toBeLessThan(1e-7)
}

function spec(inputShape: number[], layers: Layers, loss: SpecInput['loss'] = 'meanSquaredError'): SpecInput {
  return { network: { inputShape, layers }, loss, epochs: 1, batchSize: 'full', sampling: 'sequential' }
}

const activations = ['linear', 'sigmoid', 'tanh', 'relu', 'leakyRelu', 'elu', 'gelu', 'softplus'] as const

describe('activations', () => {
  test.each(activations)('%s in a hidden layer and as a separate layer', (activation) => {
    check(
      spec(
        [4],
        [
          { type: 'dense', units: 5, activation },
          { type: 'dense', units: 4 },
          { type: 'activation', activation },
          { type: 'dense', units: 2 },
        ],
      ),
    )
  })

  test.each(activations)('%s in the last layer, with squaredError', (activation) => {
    check(spec([3], [{ type: 'dense', units: 2, activation }], 'squaredError'))
  })

  test('softmax with an elementwise loss', () => {
    check(spec([4], [{ type: 'dense', units: 3, activation: 'softmax' }]))
    check(
      spec(
        [4],
        [
          { type: 'dense', units: 3 },
          { type: 'activation', activation: 'softmax' },
        ],
        'huber',
      ),
    )
  })
})

describe('losses', () => {
  test.each(['squaredError', 'meanSquaredError', 'meanAbsoluteError', 'huber'] as const)('%s', (loss) => {
    check(
      spec(
        [4],
        [
          { type: 'dense', units: 5, activation: 'tanh' },
          { type: 'dense', units: 3 },
        ],
        loss,
      ),
    )
  })

  test.each([
    ['binaryCrossentropy', 'sigmoid', 2],
    ['categoricalCrossentropy', 'softmax', 4],
    ['hinge', 'linear', 2],
    ['perceptron', 'step', 2],
  ] as const)('%s with %s', (loss, activation, units) => {
    const hidden = { type: 'dense', units: 5, activation: 'tanh' } as const
    check(spec([4], [hidden, { type: 'dense', units, activation }], loss))
    check(spec([4], [hidden, { type: 'dense', units }, { type: 'activation', activation }], loss))
  })
})

describe('L1 regularization', () => {
  test.each([0.01, 2])('of strength %d is the gradient of the sum of sizes', (l1) => {
    const layers: Layers = [
      { type: 'dense', units: 5, activation: 'tanh' },
      { type: 'batchNormalization' },
      { type: 'dense', units: 3 },
    ]
    check({ ...spec([4], layers), l1 })
  })
})

describe('losses of weighted rows', () => {
  test.each([
    ['squaredError', 'linear'],
    ['meanSquaredError', 'softmax'],
    ['meanAbsoluteError', 'linear'],
    ['huber', 'tanh'],
    ['binaryCrossentropy', 'sigmoid'],
    ['categoricalCrossentropy', 'softmax'],
    ['hinge', 'linear'],
    ['perceptron', 'step'],
  ] as const)('%s with %s', (loss, activation) => {
    const hidden = { type: 'dense', units: 5, activation: 'tanh' } as const
    const input = spec([4], [hidden, { type: 'dense', units: 3, activation }], loss)
    checkCase(trainingCase(input, rows, 0, weightsFor(rows)))
  })
})

const head = [{ type: 'flatten' }, { type: 'dense', units: 2 }] as const
/** A trainable layer before the tested layer, so that gradients pass through it. */
const before1d = { type: 'conv1d', filters: 2, kernelSize: 1, activation: 'tanh' } as const
const before2d = { type: 'conv2d', filters: 2, kernelSize: 1, activation: 'tanh' } as const

describe('convolutions', () => {
  for (const padding of ['valid', 'same'] as const) {
    for (const strides of [1, 2, 3]) {
      for (const kernelSize of [1, 2, 3, 4]) {
        test(`conv1d ${padding}, kernel ${kernelSize}, strides ${strides}`, () => {
          const layer = {
            type: 'conv1d',
            filters: 3,
            kernelSize,
            strides,
            padding,
            activation: 'tanh',
          } as const
          check(spec([2, 7], [before1d, layer, ...head]))
        })
      }
    }
    test.each([
      { kernelSize: 3, strides: 1 },
      { kernelSize: [2, 3], strides: 2 },
      { kernelSize: [3, 1], strides: [1, 2] },
      { kernelSize: 4, strides: [3, 1] },
    ] as {
      kernelSize: number | [number, number]
      strides: number | [number, number]
    }[])(`conv2d ${padding}, %o`, ({ kernelSize, strides }) => {
      const layer = {
        type: 'conv2d',
        filters: 3,
        kernelSize,
        strides,
        padding,
        activation: 'gelu',
      } as const
      check(spec([2, 5, 6], [before2d, layer, ...head]))
    })
  }

  test('without a bias', () => {
    check(spec([1, 6], [{ type: 'conv1d', filters: 2, kernelSize: 3, useBias: false }, ...head]))
  })

  test.each([1, 2])('locallyConnected1d, strides %i', (strides) => {
    const layer = {
      type: 'locallyConnected1d',
      filters: 3,
      kernelSize: 3,
      strides,
      activation: 'sigmoid',
    } as const
    check(spec([2, 8], [before1d, layer, ...head]))
  })

  test.each([1, 2])('locallyConnected2d, strides [%i, 2]', (strideY) => {
    const layer = {
      type: 'locallyConnected2d',
      filters: 3,
      kernelSize: [2, 3],
      strides: [strideY, 2],
      activation: 'sigmoid',
    } satisfies SpecInput['network']['layers'][number]
    check(spec([2, 5, 7], [before2d, layer, ...head]))
  })
})

describe('pooling', () => {
  for (const strides of [1, 2, 3]) {
    test.each(['maxPooling1d', 'averagePooling1d'] as const)(`%s, strides ${strides}`, (type) => {
      check(spec([2, 9], [before1d, { type, poolSize: 3, strides }, ...head]))
    })
    test.each(['maxPooling2d', 'averagePooling2d'] as const)(`%s, strides ${strides}`, (type) => {
      check(spec([2, 5, 7], [before2d, { type, poolSize: [2, 3], strides: [strides, 2] }, ...head]))
    })
  }

  test('global', () => {
    check(spec([2, 6], [before1d, { type: 'globalAveragePooling1d' }, { type: 'dense', units: 2 }]))
    check(spec([2, 4, 3], [before2d, { type: 'globalAveragePooling2d' }, { type: 'dense', units: 2 }]))
  })
})

describe('other layers', () => {
  test('batchNormalization of features', () => {
    const layers: Layers = [
      { type: 'dense', units: 4, activation: 'tanh' },
      { type: 'batchNormalization' },
      { type: 'dense', units: 2 },
    ]
    check(spec([3], layers))
  })

  test('batchNormalization of channels, after a bias that it cancels', () => {
    check(spec([2, 5], [before1d, { type: 'batchNormalization', epsilon: 0.01 }, ...head]))
    const biased = { type: 'conv2d', filters: 3, kernelSize: 2 } as const
    check(
      spec(
        [2, 4, 4],
        [biased, { type: 'batchNormalization' }, { type: 'activation', activation: 'tanh' }, ...head],
      ),
    )
  })

  test('batchNormalization after pooling and flatten, which preserve a bias', () => {
    const biased = { type: 'conv1d', filters: 3, kernelSize: 2 } as const
    const normalized = [{ type: 'batchNormalization' }, { type: 'activation', activation: 'tanh' }] as const
    check(spec([2, 9], [biased, { type: 'maxPooling1d' }, ...normalized, ...head]))
    check(spec([2, 9], [biased, { type: 'averagePooling1d' }, { type: 'flatten' }, ...normalized, ...head]))
    check(spec([2, 9], [biased, { type: 'globalAveragePooling1d' }, ...normalized, ...head]))
    check(spec([2, 9], [biased, { type: 'activation', activation: 'elu' }, ...normalized, ...head]))
  })

  test('batchNormalization first', () => {
    check(spec([2, 5], [{ type: 'batchNormalization' }, ...head]))
  })

  test('dropout with a constant mask', () => {
    const layers: Layers = [
      { type: 'dense', units: 8, activation: 'tanh' },
      { type: 'dropout', rate: 0.4 },
      { type: 'dense', units: 2 },
    ]
    check(spec([3], layers))
  })

  test('reshape and flatten', () => {
    const layers: Layers = [
      { type: 'dense', units: 12, activation: 'tanh' },
      { type: 'reshape', targetShape: [2, 6] },
      { type: 'conv1d', filters: 2, kernelSize: 3 },
      ...head,
    ]
    check(spec([3], layers))
  })
})
