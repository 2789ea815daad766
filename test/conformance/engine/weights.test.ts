/** Losses of weighted rows, computed by hand and across batches. */
import { describe, expect, test } from 'vitest'
import { trainingSchema } from '../../../src/contract/network.js'
import {
  compile,
  Dataset,
  type Epoch,
  normalizeWeights,
  readEpochs,
  train,
} from '../../../src/engine/index.js'
import type { BackendName } from '../../../src/engine/kernels/backend.js'
import type { SpecInput } from '../../support/training-case.js'
import { registered } from './cases.js'

interface Rows {
  readonly x: number[]
  readonly y: number[]
  readonly weights: number[]
  /** The first rows are the training rows. */
  readonly training: number
}

/** Trains θ in ŷ = θ x from 2. @returns the epochs and the final θ. */
function trained(
  backend: BackendName,
  { x, y, weights, training: count }: Rows,
  rest: Partial<SpecInput>,
): { epochs: Epoch[]; weight: number } {
  const { loss = 'squaredError' } = rest
  const activation = loss === 'binaryCrossentropy' ? 'sigmoid' : 'linear'
  const spec = trainingSchema.parse({
    network: { inputShape: [1], layers: [{ type: 'dense', units: 1, useBias: false, activation }] },
    loss,
    optimizer: { type: 'sgd', learningRate: 0.1 },
    epochs: 1,
    sampling: 'sequential',
    ...rest,
  })
  const all = Int32Array.from(x, (_, row) => row)
  const parts = { training: all.slice(0, count), validation: all.slice(count) }
  const dataset = Dataset.from(x, y, parts, weights)
  normalizeWeights(dataset, spec.loss)
  const program = compile(spec, {
    inputShape: [1],
    targetWidth: 1,
    trainingRows: count,
    validationRows: x.length - count,
    weighted: true,
  })
  const values = Float32Array.of(2)
  const initialWeights = new Map([['layers.0.weight', { shape: [1, 1], values }]])
  const training = train(program, dataset, { backend, seed: 1, initialWeights })
  const epochs = readEpochs(training.run().epochs)
  return { epochs, weight: training.weights().get('layers.0.weight')?.values[0] ?? Number.NaN }
}

for (const { backend, reason } of registered) {
  const { name } = backend
  describe.skipIf(reason !== null)(`weighted rows on ${name}`, () => {
    test('a regression loss is divided by the sum of weights of the batch', () => {
      // ŷ = 2 and 4, losses ½·(2 − 1)² = 0.5 and ½·(4 − 1)² = 4.5, gradients 1·1 and 3·2, weights 3 and 1:
      // (1.5 + 4.5) / 4 and (3·1 + 1·6) / 4.
      const { epochs, weight } = trained(
        name,
        { x: [1, 2], y: [1, 1], weights: [3, 1], training: 2 },
        { batchSize: 2 },
      )
      expect(epochs[0]?.loss).toBeCloseTo(1.5, 6)
      expect(weight).toBeCloseTo(2 - 0.1 * 2.25, 6)
    })

    test('a classification loss is divided by the rows of the batch', () => {
      // z = 2, target 0: ln(1 + e²) = 2.126928, gradient σ(2) = 0.8807971; z = 2, target 1: 0.126928, gradient −0.1192029.
      // Weights 3 and 1, divided by 2.
      const { epochs, weight } = trained(
        name,
        { x: [1, 1], y: [0, 1], weights: [3, 1], training: 2 },
        { loss: 'binaryCrossentropy', batchSize: 2 },
      )
      expect(epochs[0]?.loss).toBeCloseTo((3 * 2.126928 + 0.126928) / 2, 5)
      expect(weight).toBeCloseTo(2 - (0.1 * (3 * 0.8807971 - 0.1192029)) / 2, 6)
    })

    test('accuracy is not weighted', () => {
      // z = 2 means yes, which is correct for the second row only.
      const { epochs } = trained(
        name,
        { x: [1, 1], y: [0, 1], weights: [9, 1], training: 2 },
        { loss: 'binaryCrossentropy', batchSize: 2 },
      )
      expect(epochs[0]?.accuracy).toBe(0.5)
    })

    test.each([
      'squaredError',
      'binaryCrossentropy',
    ] as const)('a batch whose weights are 0 contributes nothing to %s', (loss) => {
      const { epochs, weight } = trained(
        name,
        { x: [1, 2, 1], y: [1, 1, 1], weights: [0, 0, 0], training: 3 },
        { loss, batchSize: 2, epochs: 2 },
      )
      expect(epochs.map((epoch) => epoch.loss)).toEqual([0, 0])
      expect(weight).toBe(2)
    })

    test('the validation loss is Σ wℓ / Σ w over all rows for any batch size', () => {
      // Batches of 1, 2 and 4 rows over five validation rows. The training row has weight 0, so ŷ = 2x does not change:
      // losses ½·(2x − y)² = 0.5, 4.5, 8, 0, 12.5; weights 4, 1, 0, 2, 0.5: (2 + 4.5 + 6.25) / 7.5 = 1.7.
      const rows: Rows = {
        x: [1, 1, 2, 2, 1, 3],
        y: [0, 1, 1, 0, 2, 1],
        weights: [0, 4, 1, 0, 2, 0.5],
        training: 1,
      }
      const { epochs } = trained(name, rows, { batchSize: 1 })
      expect(epochs[0]?.valLoss).toBeCloseTo(1.7, 5)
      const doubled = Array.from({ length: 3 }, () => 0)
      const wider: Rows = {
        x: [...doubled, ...rows.x],
        y: [...doubled, ...rows.y],
        weights: [...doubled, ...rows.weights],
        training: 4,
      }
      expect(trained(name, wider, { batchSize: 2 }).epochs[0]?.valLoss).toBeCloseTo(1.7, 5)
      expect(trained(name, wider, { batchSize: 4 }).epochs[0]?.valLoss).toBeCloseTo(1.7, 5)
    })

    test('weights of 1 train like rows without weights', () => {
      const x = [0.5, -1, 2, 1, -0.3]
      const y = [1, 0, 2, 1, 0]
      const parts = { training: Int32Array.of(0, 1, 2, 3, 4), validation: new Int32Array(0) }
      const spec = trainingSchema.parse({
        network: {
          inputShape: [1],
          layers: [
            { type: 'dense', units: 6, activation: 'tanh' },
            { type: 'dense', units: 1 },
          ],
        },
        loss: 'huber',
        optimizer: { type: 'sgd', learningRate: 0.1 },
        epochs: 5,
        batchSize: 2,
      })
      const shape = { inputShape: [1], targetWidth: 1, trainingRows: 5, validationRows: 0 }
      const losses = (weights?: number[]) => {
        const program = compile(spec, { ...shape, weighted: weights !== undefined })
        const training = train(program, Dataset.from(x, y, parts, weights), { backend: name, seed: 4 })
        return readEpochs(training.run().epochs).map(({ loss }) => loss ?? Number.NaN)
      }
      const plain = losses()
      for (const [epoch, loss] of losses([1, 1, 1, 1, 1]).entries())
        expect(loss).toBeCloseTo(plain[epoch] ?? 0, 5)
    })
  })
}

describe('data that does not fit the program', () => {
  test('weighted rows with a program without weights are rejected', () => {
    const spec = trainingSchema.parse({
      network: { inputShape: [1], layers: [{ type: 'dense', units: 1 }] },
      loss: 'huber',
      epochs: 1,
    })
    const program = compile(spec, { inputShape: [1], targetWidth: 1, trainingRows: 1, validationRows: 0 })
    const parts = { training: Int32Array.of(0), validation: new Int32Array(0) }
    const weighted = Dataset.from([1], [1], parts, [1])
    expect(() => train(program, weighted, { backend: 'reference', seed: 1 })).toThrow('"weighted":false')
  })
})
