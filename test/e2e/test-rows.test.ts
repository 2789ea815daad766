/** Test rows and validation folds of real trainings. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { request } from '../../examples/client.js'
import { type DatasetRows, datasetRowsSchema, datasetSchema } from '../../src/contract/dataset.js'
import { jobSchema } from '../../src/contract/job.js'
import type { jobRequestSchema } from '../../src/contract/job-request.js'
import { modelEvaluationSchema } from '../../src/contract/model-evaluation.js'
import { testEvaluationSchema } from '../../src/contract/test-evaluation.js'
import { sharedService } from '../support/shared.js'
import { trainedModel } from '../support/trained.js'

let service: { url: string }
beforeAll(async () => {
  service = await sharedService()
}, 60_000)

const [header, ...flowers] = readFileSync('examples/iris.csv', 'utf8').trim().split('\n')

async function upload(rows: readonly string[]): Promise<string> {
  const csv = Buffer.from([header, ...rows].join('\n'))
  return (await request(`${service.url}/datasets?target=species`, datasetSchema, csv)).id
}

const rowsOf = (jobId: string | null, split: string): Promise<DatasetRows> =>
  request(`${service.url}/jobs/${jobId}/rows?split=${split}&limit=1000`, datasetRowsSchema)

type Changes = Partial<z.input<typeof jobRequestSchema>>

const trained = (dataset: string, changes: Changes) =>
  trainedModel(service.url, {
    dataset,
    network: {
      layers: [
        { type: 'dense', units: 8, activation: 'tanh' },
        { type: 'dense', units: 3, activation: 'softmax' },
      ],
    },
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.02 },
    epochs: 10,
    seed: 3,
    ...changes,
  })

async function weights(id: string): Promise<string> {
  const response = await fetch(`${service.url}/models/${id}/export?format=safetensors`)
  expect(response.status).toBe(200)
  const bytes = Buffer.from(await response.arrayBuffer())
  // Without the header, which has the id of the model.
  return bytes.subarray(8 + Number(bytes.readBigUInt64LE())).toString('base64')
}

/** Gives a row another order of magnitude. */
const extreme = (row: string) => ['-40000', '90000', '1000000', '777777', row.split(',').at(-1)].join()

describe('test rows', () => {
  it.each<[string, Changes]>([
    ['with standardized columns and validation rows', { validationSplit: 0.25, scaling: 'standardize' }],
    [
      'with columns from 0 to 1 and a validation fold',
      { validationFold: { folds: 5, fold: 2 }, scaling: 'minMax' },
    ],
    ['with folds that choose the epochs', { earlyStopping: { folds: 3, patience: 2 } }],
    ['with balanced classes and all other rows', { classWeight: 'balanced' }],
    ['with an automatic network', { network: 'auto', loss: undefined, optimizer: undefined, epochs: 20 }],
  ])('change nothing in the model, %s', async (_name, changes) => {
    const request = { testSplit: 0.2, ...changes }
    const model = await trained(await upload(flowers), request)
    const testRows = await rowsOf(model.jobId, 'test')
    expect(testRows.numbers).toHaveLength(30)
    const planted = flowers.map((row, index) => (testRows.numbers.includes(index) ? extreme(row) : row))
    const other = await trained(await upload(planted), request)
    expect((await rowsOf(other.jobId, 'test')).numbers).toEqual(testRows.numbers)
    expect(other.coding).toEqual(model.coding)
    expect(other.evaluation).toEqual(model.evaluation)
    expect(await weights(other.id)).toEqual(await weights(model.id))
  })
})

describe('a validation fold', () => {
  it('holds its rows out, and evaluates the model on them', async () => {
    const dataset = await upload(flowers)
    const models = []
    for (const fold of [1, 2, 3]) models.push(await trained(dataset, { validationFold: { folds: 3, fold } }))
    const held = []
    for (const { jobId, id, evaluation } of models) {
      const [validation, training] = await Promise.all([
        rowsOf(jobId, 'validation'),
        rowsOf(jobId, 'training'),
      ])
      expect([...validation.numbers, ...training.numbers].sort((a, b) => a - b)).toEqual([...flowers.keys()])
      held.push(...validation.numbers)
      const file = Buffer.from([header, ...validation.numbers.map((row) => flowers[row])].join('\n'))
      const given = await request(`${service.url}/models/${id}/evaluate`, modelEvaluationSchema, file)
      expect(given.evaluation).toEqual({ ...evaluation, rows: 'given' })
      expect(evaluation).toMatchObject({ rows: 'validation', available: 50 })
    }
    expect(held.sort((a, b) => a - b)).toEqual([...flowers.keys()])
  })

  it('does not choose the number of epochs of an automatic network', async () => {
    const model = await trained('iris', {
      ...{ network: 'auto', loss: undefined, optimizer: undefined, epochs: 30 },
      validationFold: { folds: 3, fold: 1 },
    })
    const { spec } = await request(`${service.url}/jobs/${model.jobId}`, jobSchema)
    expect(spec).toMatchObject({
      earlyStopping: { folds: 5 },
      validationFold: { folds: 3, fold: 1, seed: 0 },
    })
    expect(model.evaluation).toMatchObject({ rows: 'validation', available: 50 })
  })
})

describe('a test', () => {
  const test = (jobId: string | null) =>
    request(`${service.url}/jobs/${jobId}/test`, testEvaluationSchema, {})

  it('evaluates the model on them, and is counted for all jobs with the same rows', async () => {
    const dataset = await upload(flowers)
    const [one, other] = [
      await trained(dataset, { testSplit: 0.2 }),
      await trained(dataset, { testSplit: 0.2, seed: 8, validationSplit: 0.1 }),
    ]
    const first = await test(one.jobId)
    const { numbers } = await rowsOf(one.jobId, 'test')
    const file = Buffer.from([header, ...numbers.map((row) => flowers[row])].join('\n'))
    const given = await request(`${service.url}/models/${one.id}/evaluate`, modelEvaluationSchema, file)
    expect(first.evaluation).toEqual(given.evaluation)
    expect(first.evaluation.available).toBe(30)
    const { firstAt } = first.tests
    expect(first).toMatchObject({
      tests: { ofJob: 1, ofRows: 1, jobs: 1 },
      text: 'This is the first test on these rows.',
    })
    expect((await test(one.jobId)).tests).toEqual({ ofJob: 2, ofRows: 2, jobs: 1, firstAt })
    const third = await test(other.jobId)
    expect(third.tests).toEqual({ ofJob: 1, ofRows: 3, jobs: 2, firstAt })
    expect(third.text).toBe(
      `These rows have been tested 3 times by 2 jobs, first at ${firstAt}. If an earlier test chose this job, its result is optimistic.`,
    )
    const job = await request(`${service.url}/jobs/${one.jobId}`, jobSchema)
    expect(job.test).toEqual({ count: 2, firstAt })
    // Other rows.
    const larger = await trained(dataset, { testSplit: 0.3 })
    expect((await test(larger.jobId)).tests).toMatchObject({ ofRows: 1, jobs: 1 })
  })

  it('needs test rows', async () => {
    const { jobId } = await trained('iris', {})
    await expect(test(jobId)).rejects.toThrow(
      `Job ${jobId} keeps no test rows apart: start one with testSplit.`,
    )
  })
})
