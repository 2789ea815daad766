/** Routes that read a dataset of which a chunk is damaged: `integrity`, and never a wrong number. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'
import { allDamages, type Damage, damage } from '../support/damage.js'
import { reading, uploadFrom } from '../support/prepared.js'
import { linearModel, startJob, xorSpec } from '../support/stores.js'

let service: RunningApp
beforeAll(async () => {
  service = await openApp()
})
afterAll(() => service.close())

const api = () => request(service.app.server)

/** 120 rows in chunks of 45, 45 and 30. The features are the two pixels of a picture. */
async function upload(): Promise<string> {
  const chunks = [
    [0, 45],
    [45, 90],
    [90, 120],
  ]
  const column = (value: (row: number) => number) =>
    chunks.map(([first, end]) => Array.from({ length: end - first }, (_, index) => value(first + index)))
  const columns = { a: column((row) => row % 7), b: column((row) => row % 5), y: column((row) => row % 3) }
  const image = { width: 2, height: 1, channels: 1 as const }
  const { id } = await service.datasets.create(
    uploadFrom(reading(columns, { inputShape: [1, 1, 2], image }), {
      types: [{ name: 'y', type: 'number' }],
    }),
  )
  return id
}

interface Trained {
  dataset: string
  jobId: string
  modelId: string
}

/** The model 2a + 3b + 1 of a job that kept validation and test rows apart. */
async function train(dataset: string): Promise<Trained> {
  const spec = xorSpec({ dataset, loss: 'squaredError', validationSplit: 0.25, testSplit: 0.25 })
  const claim = await startJob(service, 'worker_a', { spec, datasetId: dataset })
  const model = linearModel()
  if (!(await service.runs.succeed(claim, model))) throw new Error('a running job cannot succeed')
  return { dataset, jobId: claim.jobId, modelId: model.id }
}

const readers: [string, (trained: Trained) => request.Test][] = [
  ['one row', ({ dataset }) => api().get(`/datasets/${dataset}/rows?offset=60&limit=1`)],
  ['all rows', ({ dataset }) => api().get(`/datasets/${dataset}/rows?limit=1000`)],
  ['a picture', ({ dataset }) => api().get(`/datasets/${dataset}/rows/60/image.png`)],
  ['rows of a job', ({ jobId }) => api().get(`/jobs/${jobId}/rows?offset=60&limit=1`)],
  ['validation rows', ({ jobId }) => api().get(`/jobs/${jobId}/rows?split=validation&limit=1000`)],
  ['an evaluation', ({ modelId, dataset }) => api().post(`/models/${modelId}/evaluate`).send({ dataset })],
  ['the worst rows', ({ jobId }) => api().get(`/jobs/${jobId}/rows/worst`)],
  ['the importance', ({ jobId }) => api().get(`/jobs/${jobId}/importance`)],
  ['the dependence', ({ jobId }) => api().get(`/jobs/${jobId}/dependence?column=a`)],
  ['a test', ({ jobId }) => api().post(`/jobs/${jobId}/test`)],
]

async function statuses(trained: Trained): Promise<[string, number, unknown][]> {
  const answers: [string, number, unknown][] = []
  for (const [name, read] of readers) {
    const { status, body } = await read(trained)
    answers.push([name, status, body.code])
  }
  return answers
}

describe('a chunk', () => {
  it.each(allDamages)('%s: all readers answer integrity', async (how: Damage) => {
    const [trained, other] = [await train(await upload()), await train(await upload())]
    await damage(service, trained.dataset, how)
    expect(await statuses(trained)).toEqual(readers.map(([name]) => [name, 500, 'integrity']))
    expect(await statuses(other)).toEqual(readers.map(([name]) => [name, 200, undefined]))
    // The other chunks of the dataset, and its description.
    const { status, body } = await api().get(`/datasets/${trained.dataset}/rows?offset=10&limit=1`)
    expect([status, body.data]).toEqual([200, [[3, 0, 1]]])
    await api().get(`/datasets/${trained.dataset}`).expect(200)
  })

  it('the error names the dataset, the chunk and the remedy', async () => {
    const id = await upload()
    await damage(service, id, 'with a flipped bit')
    const { body } = await api().get(`/datasets/${id}/rows?offset=60`)
    expect(body.detail).toBe(
      `Dataset ${id} is damaged: chunk 1 does not match its checksum. ` +
        'Restore the database from a backup, or upload the dataset again.',
    )
  })

  it('without a checksum, which an earlier release stored, is read', async () => {
    const trained = await train(await upload())
    await service.database.datasetChunk.updateMany({ data: { checksum: null } })
    expect(await statuses(trained)).toEqual(readers.map(([name]) => [name, 200, undefined]))
  })
})

it('a model of a damaged dataset can be exported and deleted, and so can the dataset', async () => {
  const { dataset, modelId } = await train(await upload())
  await service.database.datasetChunk.deleteMany({ where: { datasetId: dataset } })
  await api().get(`/models/${modelId}/export?format=onnx`).expect(200)
  await api().delete(`/models/${modelId}`).expect(204)
  await api().delete(`/datasets/${dataset}`).expect(204)
})
