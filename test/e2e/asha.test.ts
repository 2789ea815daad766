/** Successive halving on handwritten digits: it finds the winner of the grid in a fraction of the epochs. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { datasetSchema } from '../../src/contract/dataset.js'
import { type Sweep, sweepSchema, sweepSummarySchema } from '../../src/contract/sweep.js'
import { digitsCsv } from '../support/digits.js'
import { eventually, type Service, startService, temporaryFolder } from '../support/service.js'

let service: Service
const folder = temporaryFolder()

beforeAll(async () => {
  service = await startService({ DATA_DIRECTORY: folder.path })
}, 60_000)
afterAll(async () => {
  await service?.stop()
  folder.remove()
})

async function upload(): Promise<string> {
  const names = [...Array.from({ length: 64 }, (_, index) => `p${index}`), 'digit']
  const response = await fetch(`${service.url}/datasets?types={"digit":"category"}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: `${names.join()}\n${digitsCsv()}`,
  })
  return datasetSchema.parse(await response.json()).id
}

async function sweep(dataset: string, search: object): Promise<Sweep> {
  const { id } = await request(`${service.url}/sweeps`, sweepSummarySchema, {
    spec: {
      dataset,
      network: {
        layers: [
          { type: 'dense', units: 32, activation: 'relu' },
          { type: 'dense', units: 10, activation: 'softmax' },
        ],
      },
      loss: 'categoricalCrossentropy',
      optimizer: { type: 'adam', learningRate: 0.001 },
      epochs: 128,
      batchSize: 32,
      validationSplit: 0.3,
      seed: 1,
    },
    parameters: [
      { path: '/optimizer/learningRate', min: 0.0001, max: 0.1, scale: 'log', steps: 10 },
      { path: '/network/layers/0/units', values: [4, 8, 16, 32, 64] },
      { path: '/batchSize', values: [32, 128] },
    ],
    metric: 'valAccuracy',
    search,
  })
  return eventually(async () => {
    const found = await request(`${service.url}/sweeps/${id}`, sweepSchema)
    return found.status === 'running' ? undefined : found
  })
}

it('finds the winner of the grid with at most 15 % of its epochs', async () => {
  const dataset = await upload()
  const grid = await sweep(dataset, { type: 'grid' })
  expect(grid).toMatchObject({ trials: 100, counts: { succeeded: 100 }, epochs: 100 * 128 })
  const halved = await sweep(dataset, { type: 'asha', minimumEpochs: 4 })
  console.log(
    `asha: ${halved.epochs} of ${grid.epochs} epochs; best ${halved.best[0].score}, ${grid.best[0].score}`,
  )
  // Several points may be best; their trials have the same numbers as in the grid.
  const winners = grid.best.filter(({ score }) => score === grid.best[0].score)
  expect(winners.map(({ values }) => values)).toContainEqual(halved.best[0].values)
  expect(halved.best[0].score).toBe(grid.best[0].score)
  expect(halved.epochs).toBeLessThanOrEqual(0.15 * grid.epochs)
}, 240_000)
