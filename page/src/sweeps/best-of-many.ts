/** The sweep that searches a good spec for a dataset without choices of the reader. */
import type { Dataset, SweepRequest } from '../api/types.js'
import { emptyForm, formFor, requestFrom } from '../views/job-form.js'

export const searchedPoints = 200

/** With fewer rows, a split leaves too few validation rows to rank points by. */
const fewestRows = 20
/** With fewer rows, no test rows are kept apart. */
const rowsToTest = 100
const testShare = 0.2
/** Of the rows that are no test rows. */
const validationShare = 0.25

/** Rows that a trial trains on, over all epochs: 200 trials of 10,000 rows take less than a minute on two cores. */
const rowsPerTrial = 400_000
const epochs = { fewest: 5, most: 100 }
/** Training time of all trials. Ends the search of a large dataset. */
const budgetSeconds = 100

const units = 32

/** Pictures need other layers than the search varies. */
export const canSearch = ({ rows, image }: Pick<Dataset, 'rows' | 'image'>) =>
  rows >= fewestRows && image === null

/** The same dataset gives the same request. */
export function bestOfMany(dataset: Dataset): SweepRequest {
  const { rows, name } = dataset
  const form = formFor(dataset, emptyForm)
  const spec = requestFrom(
    {
      ...form,
      chosenBy: 'reader',
      hidden: [
        { type: 'dense', units, activation: 'relu' },
        { type: 'dense', units, activation: 'relu' },
      ],
      epochs: epochsFor(rows),
      stopping: 'never',
      heldOut: 'split',
      validationSplit: validationShare,
      seed: '1',
      watch: 'nothing',
    },
    dataset,
  )
  return {
    name: `Best of ${searchedPoints}${name === null ? '' : `: ${name.slice(0, 100)}`}`,
    spec: { ...spec, ...(rows < rowsToTest ? {} : { testSplit: testShare }) },
    parameters: [
      { path: '/optimizer/learningRate', min: 0.0003, max: 0.03, scale: 'log' },
      { path: '/network/layers/0/units', values: [8, 16, 32, 64] },
      { path: '/network/layers/1', values: secondLayers },
      { path: '/batchSize', values: batchSizes(rows) },
    ],
    search: { type: 'tpe', points: searchedPoints, seed: 1 },
    metric: 'valLoss',
    budgetSeconds,
  } as SweepRequest
}

/** Without dropout or a second layer, with dropout, and with a second layer. */
const secondLayers = [
  { type: 'dropout', rate: 0 },
  { type: 'dropout', rate: 0.2 },
  { type: 'dense', units, activation: 'relu' },
]

function epochsFor(rows: number): number {
  return Math.min(epochs.most, Math.max(epochs.fewest, Math.round(rowsPerTrial / rows)))
}

/** A batch has at most the training rows. Small ones cost more steps, which many rows would make slow. */
function batchSizes(rows: number): number[] {
  if (rows < rowsToTest) return [2, 4, 8]
  return rows < 1_000 ? [8, 16, 32] : [32, 64, 128]
}
