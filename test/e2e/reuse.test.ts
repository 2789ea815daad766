/** A job that equals a stored run is answered from it at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Job, jobSchema } from '../../src/contract/job.js'
import { modelSchema } from '../../src/contract/model.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { eventually, type Service, startService } from '../support/service.js'

let database: FreshDatabase
let service: Service

beforeAll(async () => {
  database = await freshDatabase()
  service = await startService({ DATABASE_URL: database.connectionString, REUSE_RUNS: 'true' })
}, 60_000)

afterAll(async () => {
  await service?.stop()
  await database.drop()
}, 30_000)

const dense = (units: number, activation: string) => ({ type: 'dense', units, activation })

const xor = {
  dataset: 'xor',
  network: { layers: [dense(4, 'tanh'), dense(1, 'sigmoid')] },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.05 },
  epochs: 60,
  seed: 11,
}

async function send(path: string, body?: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${service.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

async function succeeded(body: object): Promise<Job> {
  const { id } = jobSchema.parse((await send('/jobs', body)).body)
  return eventually(async () => {
    const job = jobSchema.parse((await send(`/jobs/${id}`)).body)
    return job.status === 'succeeded' ? job : undefined
  })
}

const epochsOf = async ({ id }: Job) =>
  z.object({ data: z.array(z.unknown()) }).parse((await send(`/jobs/${id}/epochs?limit=1000`)).body).data

const modelOf = async ({ modelId }: Job) => modelSchema.parse((await send(`/models/${modelId}`)).body)

describe('the same job again', () => {
  it('is a separate, succeeded job with the epochs and weights of the first', async () => {
    const first = await succeeded({ ...xor, name: 'one' })
    const { status, body, headers } = await send('/jobs', { ...xor, name: 'two', metadata: { team: 'blue' } })
    expect(status).toBe(200)
    const again = jobSchema.parse(body)
    expect(headers.get('location')).toBe(`/jobs/${again.id}`)
    expect(again).toMatchObject({
      ...{ status: 'succeeded', reusedFrom: first.id, name: 'two', metadata: { team: 'blue' } },
      ...{ epoch: 60, metrics: first.metrics, backend: first.backend },
    })
    expect(again.id).not.toBe(first.id)
    expect(first.reusedFrom).toBeNull()
    expect(await epochsOf(again)).toEqual(await epochsOf(first))
    const models = [await modelOf(first), await modelOf(again)]
    expect(models[1]).toMatchObject({ jobId: again.id, name: 'two', weightSha256: models[0].weightSha256 })
    expect(models[1].id).not.toBe(models[0].id)

    // The copy needs nothing of the first.
    for (const path of [`/models/${first.modelId}`, `/jobs/${first.id}`]) {
      expect((await fetch(`${service.url}${path}`, { method: 'DELETE' })).status).toBe(204)
    }
    const predicted = await send(`/models/${again.modelId}/predict`, { inputs: [[0, 1]] })
    expect(predicted.status).toBe(200)
    expect(await epochsOf(again)).toHaveLength(60)
    expect((await send(`/jobs/${again.id}/boundary`)).status).not.toBe(500)
  })

  it('is reused from the copy as well', async () => {
    const { status, body } = await send('/jobs', xor)
    expect(status).toBe(200)
    expect(jobSchema.parse(body)).toMatchObject({ status: 'succeeded', name: null })
  })

  it.each([
    ['with "reuse": false', { reuse: false }],
    ['without a seed', { seed: undefined }],
    ['with another seed', { seed: 12 }],
    ['with another learning rate', { optimizer: { type: 'adam', learningRate: 0.06 } }],
    ['with one epoch more', { epochs: 61 }],
  ])('is trained %s', async (_what, change) => {
    const { status, body } = await send('/jobs', { ...xor, ...change })
    expect(status).toBe(202)
    expect(jobSchema.parse(body)).toMatchObject({ status: 'queued', reusedFrom: null })
  })

  it('is found by a seed that an earlier job drew', async () => {
    const drawn = await succeeded({ ...xor, seed: undefined })
    const { status, body } = await send('/jobs', { ...xor, seed: drawn.spec.seed })
    expect(status).toBe(200)
    expect(jobSchema.parse(body).reusedFrom).toBe(drawn.id)
  })

  it('is found by the rows, not by the id of their dataset', async () => {
    const rows = { x: [[0], [1], [2], [3]], y: [1, 3, 5, 7] }
    const line = {
      ...{ dataset: rows, network: { layers: [dense(1, 'linear')] }, loss: 'meanSquaredError' },
      ...{ epochs: 20, seed: 3 },
    }
    const first = await succeeded(line)
    const again = await send('/jobs', line)
    expect(again.status).toBe(200)
    expect(jobSchema.parse(again.body).reusedFrom).toBe(first.id)
    expect(jobSchema.parse(again.body).spec.dataset).not.toBe(first.spec.dataset)
    const other = await send('/jobs', { ...line, dataset: { ...rows, y: [1, 3, 5, 8] } })
    expect(other.status).toBe(202)
  })

  it('is found when a file is uploaded twice', async () => {
    const upload = async () => {
      const body = new FormData()
      body.append('file', new Blob(['a,b,y\n1,2,3\n2,3,5\n4,5,9\n7,1,8\n']), 'sums.csv')
      const response = await fetch(`${service.url}/datasets?target=y`, { method: 'POST', body })
      expect(response.status).toBe(201)
      return z.object({ id: z.string(), sha256: z.string() }).parse(await response.json())
    }
    const [one, two] = [await upload(), await upload()]
    expect(two.sha256).toBe(one.sha256)
    const job = { network: { layers: [dense(1, 'linear')] }, loss: 'meanSquaredError', epochs: 10, seed: 3 }
    const first = await succeeded({ ...job, dataset: one.id })
    expect(jobSchema.parse((await send('/jobs', { ...job, dataset: two.id })).body).reusedFrom).toBe(first.id)
  })

  it('has one answer for an Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'the-same-job' }
    const one = await send('/jobs', xor, headers)
    const two = await send('/jobs', xor, headers)
    expect([one.status, two.status]).toEqual([200, 200])
    expect(two.body).toEqual(one.body)
    expect(two.headers.get('idempotency-replayed')).toBe('true')
  })

  it('is answered in a batch with status 200', async () => {
    const { status, body } = await send('/jobs/batch', { jobs: [xor, { ...xor, seed: 99 }, xor] })
    expect(status).toBe(202)
    const { results } = z.object({ results: z.array(z.object({ status: z.int() })) }).parse(body)
    expect(results.map((result) => result.status)).toEqual([200, 202, 200])
  })
})
