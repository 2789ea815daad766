/** Weight snapshots of a training whose slices end within its epochs. */
import { expect, it } from 'vitest'
import { codingSchema } from '../../src/contract/dataset.js'
import { readEpochs, train } from '../../src/engine/index.js'
import { packWeights } from '../../src/threads/packed-weights.js'
import { SnapshotRecorder } from '../../workers/snapshot-recorder.js'
import { trainingCase } from '../support/training-case.js'

const number = (name: string) => ({ name, type: 'number', offset: 0, scale: 1 })
const coding = codingSchema.parse({
  features: [number('a'), number('b')],
  target: { type: 'number', names: ['c'] },
})

/** 50 steps in each epoch. */
const { program, dataset } = trainingCase(
  {
    network: {
      inputShape: [2],
      layers: [
        { type: 'dense', units: 3, activation: 'tanh' },
        { type: 'dense', units: 1, activation: 'sigmoid' },
      ],
    },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.01 },
    batchSize: 2,
    epochs: 12,
  },
  100,
)
const start = () => train(program, dataset(), { backend: 'reference', seed: 3 })

/** The weights after each epoch, by a training that nobody interrupts. */
function weightsByEpoch(): Uint8Array[] {
  const training = start()
  const weights = [packWeights(training.weights()).bytes]
  while (training.run({ maximumEpochs: 1 }).state === 'running')
    weights.push(packWeights(training.weights()).bytes)
  weights.push(packWeights(training.weights()).bytes)
  return weights
}

function recorder(): SnapshotRecorder {
  const created = SnapshotRecorder.of(program, coding)
  if (created === null) throw new Error('the network has no boundary')
  return created
}

it('snapshots are of the ends of epochs, and come with the epochs of a slice', () => {
  const expected = weightsByEpoch()
  const recorded = recorder()
  const training = start()
  const taken = new Map<number, Uint8Array>()
  let slices = 0
  for (let state = 'running'; state === 'running'; slices++) {
    const slice = recorded.run(training, { milliseconds: 0 })
    state = slice.state
    const ended = [...readEpochs(slice.epochs)].length
    if (ended === 0) expect(slice.snapshots).toBeNull()
    for (const { epoch, bytes } of slice.snapshots?.taken ?? []) taken.set(epoch, bytes)
  }
  // More slices than epochs, so some end within an epoch.
  expect(slices).toBeGreaterThan(50)
  expect([...taken.keys()]).toEqual(expect.arrayContaining([0, 1, 2, 3, 6, 12]))
  for (const [epoch, bytes] of taken) expect(bytes, `epoch ${epoch}`).toEqual(expected[epoch])
})

it('a training that continues within an epoch has no snapshot of it', () => {
  const training = start()
  training.run({ maximumSteps: 70 })
  const { snapshots } = recorder().run(training, { milliseconds: 10_000, maximumEpochs: 1 })
  expect(snapshots?.taken.map(({ epoch }) => epoch)).toEqual([2])
})
