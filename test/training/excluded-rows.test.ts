/** A training without some rows is the training that never had them. */
import { expect, it } from 'vitest'
import { type RequestInput, trainRequest } from '../support/engine-training.js'

const x = [
  [0.5, -1],
  [1, 0.25],
  [-0.75, 2],
  [3, 1],
  [0.1, 0.2],
  [-1, -1],
]
const y = [0.2, 1, -1, 5, 0.3, -2]
const labels = y.map((value) => (value > 0.25 ? 1 : 0))
const without = <T>(list: readonly T[], rows: readonly number[]) =>
  list.filter((_, row) => !rows.includes(row))

const common = { epochs: 40, batchSize: 'full', seed: 3 } as const
const regression: RequestInput = {
  ...common,
  dataset: { x, y },
  network: {
    layers: [
      { type: 'dense', units: 3, activation: 'tanh' },
      { type: 'dense', units: 1 },
    ],
  },
  loss: 'meanSquaredError',
  optimizer: { type: 'sgd', learningRate: 0.05, momentum: 0.9 },
}
const binary: RequestInput = {
  ...common,
  dataset: { x, y: labels },
  network: {
    layers: [
      { type: 'dense', units: 3, activation: 'tanh' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.02 },
}

// In full batches a step is the mean over the rows, whatever their order, so it must equal that of the smaller dataset.
it.each([
  ['a loss that divides by the weights', regression, y],
  ['a loss that divides by the rows', binary, labels],
])('%s has the losses of the smaller dataset', async (_, request, targets) => {
  const excludedRows = [1, 3]
  const excluded = await trainRequest({ ...request, excludedRows })
  const smaller = { x: without(x, excludedRows), y: without(targets, excludedRows) }
  const other = await trainRequest({ ...request, dataset: smaller })
  const losses = excluded.epochs.map(({ loss }) => loss ?? Number.NaN)
  for (const [index, { loss }] of other.epochs.entries()) expect(losses[index]).toBeCloseTo(loss ?? 0, 5)
  const all = await trainRequest(request)
  expect(Math.abs((all.metrics.loss ?? 0) - (excluded.metrics.loss ?? 0))).toBeGreaterThan(1e-3)
})

it('rows of the validation part change nothing', async () => {
  const request: RequestInput = {
    ...binary,
    ...{
      dataset: { name: 'moons', rows: 60, seed: 1 },
      validationSplit: 0.5,
      split: 'chronological',
      batchSize: 8,
    },
  }
  const whole = await trainRequest({ ...request, excludedRows: [45, 59] })
  expect(whole.epochs).toEqual((await trainRequest(request)).epochs)
})
