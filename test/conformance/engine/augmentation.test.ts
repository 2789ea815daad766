/** Trainings on changed pictures: on every backend, the same results for any slices and after resuming. */
import { beforeAll, describe, expect, test } from 'vitest'
import { type Epoch, readEpochs, train } from '../../../src/engine/index.js'
import { type SpecInput, trainingCase } from '../../support/training-case.js'
import { registered } from './cases.js'

const pictures: SpecInput = {
  network: {
    inputShape: [2, 5, 6],
    layers: [
      { type: 'conv2d', filters: 3, kernelSize: 3, activation: 'relu' },
      { type: 'flatten' },
      { type: 'dropout', rate: 0.2 },
      { type: 'dense', units: 3, activation: 'softmax' },
    ],
  },
  loss: 'categoricalCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.01 },
  epochs: 5,
  batchSize: 4,
}
const augmentation = { flip: 'horizontal', shift: 0.2, rotate: 20, noise: 0.1 } as const
const training = trainingCase({ ...pictures, augmentation }, 18, 5)
const plain = trainingCase(pictures, 18, 5)

type Case = typeof training
type Limits = Parameters<ReturnType<typeof train>['run']>[0]

for (const { backend, reason } of registered) {
  const { name } = backend
  describe.skipIf(reason !== null)(`changed pictures on ${name}`, () => {
    const begin = ({ program, dataset }: Case, threads = 1) =>
      train(program, dataset(), { backend: name, seed: 3, threads })

    const outcome = (of: Case, limits: Limits = {}) => {
      const run = begin(of)
      const epochs: Epoch[] = []
      for (let state = 'running'; state === 'running'; ) {
        const slice = run.run(limits)
        state = slice.state
        epochs.push(...readEpochs(slice.epochs))
      }
      return { epochs, weights: run.weights() }
    }
    let whole: ReturnType<typeof outcome>

    beforeAll(() => {
      whole = outcome(training)
    })

    test('train other weights than the unchanged ones, and the same twice', () => {
      expect(outcome(training)).toEqual(whole)
      expect(outcome(plain).weights).not.toEqual(whole.weights)
    })

    test.each([
      { maximumEpochs: 2 },
      { maximumSteps: 1 },
      { maximumSteps: 3 },
      { milliseconds: 0.01 },
    ])('train the same in slices of %j', (limits) => expect(outcome(training, limits)).toEqual(whole))

    test('train the same after resuming, within an epoch and between two', () => {
      for (const steps of [1, 5, 12]) {
        const first = begin(training)
        const before = readEpochs(first.run({ maximumSteps: steps }).epochs)
        const second = begin(training)
        second.restore(structuredClone(first.snapshot()))
        const after = readEpochs(second.run().epochs)
        expect({ epochs: [...before, ...after], weights: second.weights() }).toEqual(whole)
      }
    })

    test('leave the rows of the dataset and the validation as they are', () => {
      // No weight changes at this rate, so the losses are those of the first weights.
      const still = { optimizer: { type: 'sgd', learningRate: 1e-30 }, epochs: 2 } as const
      const [changed, unchanged] = [{ augmentation }, {}].map((part) =>
        trainingCase({ ...pictures, ...still, ...part }, 18, 5),
      )
      const dataset = changed.dataset()
      const rows = dataset.trainingX.slice()
      const run = train(changed.program, dataset, { backend: name, seed: 3 })
      const [first, second] = readEpochs(run.run().epochs)
      expect(dataset.trainingX).toEqual(rows)
      const [reference] = outcome(unchanged).epochs
      expect([first.valLoss, second.valLoss]).toEqual([reference.valLoss, reference.valLoss])
      expect(first.loss).not.toBe(reference.loss)
      // Each epoch has other changes.
      expect(second.loss).not.toBe(first.loss)
      run.dispose()
    })
  })
}

test('counts the memory of the changed rows, and none without changes', () => {
  expect(training.program.arenaBytes - plain.program.arenaBytes).toBe(4 * 18 * 60)
})

test('is refused for rows that are no pictures', () => {
  const network = { inputShape: [4], layers: [{ type: 'dense' as const, units: 1 }] }
  expect(() => trainingCase({ network, loss: 'huber', epochs: 1, augmentation }, 4)).toThrow(
    /augmentation changes pictures, but the input shape of the network is \[4\]/,
  )
})
