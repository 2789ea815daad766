/** The parts that demonstrations compute themselves, against other ways to compute them. */
import { describe, expect, it } from 'vitest'
import { checkClaims } from '../../examples/check.js'
import { adamSteps, momentumSteps, plainSteps } from '../../examples/lecture/optimizer-steps.js'
import { largestCurvature, lossAt, minimumOf, valleyRows } from '../../examples/lecture/quadratic.js'
import {
  equalWidth,
  foldedOutput,
  foldedParameters,
  lowestError,
  sawtooth,
} from '../../examples/lecture/sawtooth.js'
import { backward, differenceQuotients, forward } from '../../examples/lecture/tiny-network.js'
import { trainingSchema } from '../../src/contract/network.js'
import { compile, Dataset, train } from '../../src/engine/index.js'

describe('the sawtooth', () => {
  it('has 2ᵏ pieces, which the folded network of 6k + 1 parameters computes', () => {
    for (const folds of [1, 3, 6]) {
      const turns = Array.from({ length: 2 ** folds + 1 }, (_, index) => sawtooth(folds, index / 2 ** folds))
      expect(turns).toEqual(turns.map((_, index) => index % 2))
      for (let x = 0; x <= 1; x += 1 / 97) {
        expect(foldedOutput(folds, x)).toBeCloseTo(sawtooth(folds, x), 10)
      }
      // One layer of n relu units has n weights, n biases, n output weights and an output bias.
      expect(3 * equalWidth(folds) + 1).toBe(foldedParameters(folds))
    }
  })

  it('has a lowest error by the best of all divisions into pieces', () => {
    const xs = [0, 1, 2, 3, 4, 5, 6]
    const ys = [0, 1, 0.2, -1, 2, 2.5, 0]
    const lineError = (from: number, to: number) => {
      const [x, y] = [xs.slice(from, to), ys.slice(from, to)]
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
      const slope =
        x.length < 2
          ? 0
          : x.reduce((sum, each, index) => sum + (each - mean(x)) * (y[index] - mean(y)), 0) /
            x.reduce((sum, each) => sum + (each - mean(x)) ** 2, 0)
      return y.reduce((sum, each, index) => sum + (each - mean(y) - slope * (x[index] - mean(x))) ** 2, 0)
    }
    const divisions: number[] = []
    for (let first = 1; first < 6; first++) {
      for (let second = first + 1; second < 7; second++) {
        divisions.push(lineError(0, first) + lineError(first, second) + lineError(second, 7))
      }
    }
    expect(lowestError(xs, ys, 3)).toBeCloseTo(Math.min(...divisions) / 7, 10)
    expect(lowestError(xs, ys, 4)).toBeCloseTo(0, 10)
  })
})

describe('the valley', () => {
  it('has the condition number, the curvature and the minimum that its formulas say', () => {
    const rows = valleyRows({ rows: 50, condition: 100, angle: 20, noise: 0.1 }, 3)
    expect(largestCurvature(rows)).toBeCloseTo(1, 10)
    const minimum = minimumOf(rows)
    const least = lossAt(rows, minimum)
    for (const [x, y] of [
      [0.1, 0],
      [0, 0.1],
      [-0.1, 0],
      [0, -0.1],
    ]) {
      expect(lossAt(rows, [minimum[0] + x, minimum[1] + y])).toBeGreaterThan(least)
    }
  })

  it('is stepped through as the lecture writes it', () => {
    expect(plainSteps(0.1)([1, 2], [3, -4])).toEqual([0.7, 2.4])
    const momentum = momentumSteps(0.1)
    expect(momentum([1, 1], [1, 0])[0]).toBeCloseTo(0.9, 12)
    // v = 0.9 · 1 + 1 = 1.9
    expect(momentum([0.9, 1], [1, 0])[0]).toBeCloseTo(0.71, 12)
    // After the correction of both means, the first step has the length of the rate.
    expect(adamSteps(0.1)([1, 1], [5, -0.01])).toEqual([expect.closeTo(0.9, 6), expect.closeTo(1.1, 6)])
  })
})

const weights = [0.5, -0.4, 0.1, -0.3, 0.8, -0.2, 0.7, -0.6, 0.2]
const example = { inputs: [1, 0.5], target: 1 } as const

describe('the tiny network', () => {
  it('has the derivatives of difference quotients', () => {
    const { gradient } = backward(weights, example, forward(weights, example))
    const quotients = differenceQuotients(weights, example)
    for (const [index, value] of gradient.entries()) expect(value).toBeCloseTo(quotients[index], 9)
  })

  it('has the derivatives of the engine', () => {
    const { program, dataset } = engineCase()
    const [w11, w12, b1, w21, w22, b2, v1, v2, c] = weights
    const training = train(program, dataset, {
      backend: 'reference',
      seed: 1,
      initialWeights: new Map([
        ['layers.0.weight', { shape: [2, 2], values: Float32Array.of(w11, w12, w21, w22) }],
        ['layers.0.bias', { shape: [2], values: Float32Array.of(b1, b2) }],
        ['layers.1.weight', { shape: [1, 2], values: Float32Array.of(v1, v2) }],
        ['layers.1.bias', { shape: [1], values: Float32Array.of(c) }],
      ]),
    })
    training.run()
    const gradients = training.gradients()
    training.dispose()
    const of = (name: string) => [...(gradients.get(name)?.values ?? [])]
    const [hidden, hiddenBias] = [of('layers.0.weight'), of('layers.0.bias')]
    const own = [
      ...[hidden[0], hidden[1], hiddenBias[0], hidden[2], hidden[3], hiddenBias[1]],
      ...[...of('layers.1.weight'), ...of('layers.1.bias')],
    ]
    const { gradient } = backward(weights, example, forward(weights, example))
    expect(own).toHaveLength(9)
    for (const [index, value] of gradient.entries()) expect(own[index]).toBeCloseTo(value, 6)
  })
})

function engineCase() {
  const spec = trainingSchema.parse({
    network: {
      layers: [
        { type: 'dense', units: 2, activation: 'tanh' },
        { type: 'dense', units: 1, activation: 'sigmoid' },
      ],
    },
    loss: 'squaredError',
    optimizer: { type: 'sgd', learningRate: 0.5 },
    epochs: 1,
    batchSize: 'full',
  })
  const program = compile(spec, { inputShape: [2], targetWidth: 1, trainingRows: 1, validationRows: 0 })
  const parts = { training: Int32Array.of(0), validation: new Int32Array(0) }
  const dataset = Dataset.from([...example.inputs], [example.target], parts)
  return { program, dataset }
}

it('the check prints what it tried, and reports that no sentence was overturned', async () => {
  expect(await checkClaims(['loss', 'back-propagation', 'matrices', 'boolean-function', 'descent'])).toBe(
    true,
  )
}, 60_000)
