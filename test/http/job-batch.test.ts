/** Many jobs in one request. */
import { randomUUID } from 'node:crypto'
import request from 'supertest'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { jobBatchSchema, maximumBatch } from '../../src/contract/job-batch.js'
import { problemSchema } from '../../src/contract/problems.js'
import { generous, openApp, type RunningApp } from '../support/app.js'
import { linearModel } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp(undefined, undefined, null, { ...generous, queuedJobs: 1_500 })
})

afterAll(() => service.close())

beforeEach(async () => {
  await service.database.job.deleteMany()
})

const xor = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  epochs: 5,
}

const post = (jobs: unknown[], headers = {}) =>
  request(service.app.server).post('/jobs/batch').set(headers).send({ jobs })

async function send(jobs: unknown[], headers = {}) {
  const { body } = await post(jobs, headers).expect(202)
  return jobBatchSchema.parse(body)
}

const count = () => service.database.job.count()

describe('POST /jobs/batch', () => {
  it('stores up to 1,000 jobs in order', async () => {
    const { accepted, refused, results } = await send(upTo(maximumBatch).map((seed) => ({ ...xor, seed })))
    expect([accepted, refused]).toEqual([maximumBatch, 0])
    expect(results.map(({ job }) => job?.spec.seed)).toEqual(upTo(maximumBatch))
    expect(results.map(({ job }) => job?.queuePosition)).toEqual(upTo(maximumBatch))
    const rows = await service.database.job.findMany({
      orderBy: { queueNumber: 'asc' },
      select: { id: true },
    })
    expect(rows.map(({ id }) => id)).toEqual(results.map(({ job }) => job?.id))
    const { body } = await request(service.app.server).get(`/jobs/${rows[500].id}`)
    expect(body).toEqual(results[500].job)
  })

  it('refuses each job separately, as POST /jobs does', async () => {
    const jobs = [
      xor,
      { ...xor, epoch: 5 },
      { ...xor, dataset: 'no-such' },
      'not a job',
      { ...xor, dataset: { x: [[0], [1]], y: [0, 1] } },
      { ...xor, priority: 3 },
    ]
    const { accepted, refused, results } = await send(jobs)
    expect([accepted, refused]).toEqual([2, 4])
    expect(results.map(({ status }) => status)).toEqual([202, 400, 422, 400, 422, 202])
    for (const index of [1, 2]) {
      const alone = await request(service.app.server).post('/jobs').send(jobs[index])
      const { traceId, ...problem } = problemSchema.parse(alone.body)
      expect(results[index]).toMatchObject({ status: alone.status, job: null, problem })
    }
    expect(results[4].problem?.detail).toContain('upload them with POST /datasets')
    // The urgent job precedes the other, although it is later in the list.
    expect([results[0].job?.queuePosition, results[5].job?.queuePosition]).toEqual([2, 1])
    expect(await count()).toBe(2)
  })

  it('refuses the request if it refuses every job, and names all places', async () => {
    const { body } = await post([
      { ...xor, epochs: 0 },
      { ...xor, loss: 'none' },
    ]).expect(400)
    expect(body).toMatchObject({
      code: 'invalid-request',
      detail: expect.stringContaining('None of the 2 jobs was accepted'),
      errors: [{ pointer: '/jobs/0/epochs' }, { pointer: '/jobs/1/loss' }],
    })
    expect(await count()).toBe(0)
  })

  it.each([
    ['none', []],
    ['one too many', upTo(maximumBatch + 1).map(() => ({}))],
  ])('with %s is refused as a whole', async (_name, jobs) => {
    const { body } = await post(jobs).expect(400)
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '/jobs' }] })
  })

  it('stops exactly at the limit of waiting jobs', async () => {
    await send(upTo(1_000).map(() => xor))
    const { accepted, refused, results } = await send(upTo(700).map(() => xor))
    expect([accepted, refused]).toEqual([500, 200])
    expect(results.slice(500).every(({ status }) => status === 429)).toBe(true)
    expect(results[500].problem?.detail).toContain('1501 jobs would be queued or paused; the limit is 1500')
    expect(await count()).toBe(1_500)
  })

  it('is answered once with an Idempotency-Key', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    const first = await post([xor, { ...xor, epochs: 0 }], headers).expect(202)
    const again = await post([xor, { ...xor, epochs: 0 }], headers).expect(202)
    expect(again.text).toBe(first.text)
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(await count()).toBe(1)
    await post([xor], headers).expect(422)
  })

  it('does not use up a key if no job was accepted', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    await post([{ ...xor, epochs: 0 }], headers).expect(400)
    await post([xor], headers).expect(202)
    expect(await count()).toBe(1)
  })

  it('starts only from models of the tenant', async () => {
    const own = await service.models.create(linearModel())
    const foreign = await service.models.of('other').create(linearModel())
    const network = { layers: [{ type: 'dense', units: 1, activation: 'linear' }] }
    const from = (id: string) => ({ ...xor, network, loss: 'squaredError', from: id })
    const { results } = await send([xor, from(foreign.id), from(own.id)])
    expect(results.map(({ status }) => status)).toEqual([202, 422, 422])
    expect(results[1].problem?.errors).toEqual([{ pointer: '/from', message: 'does not exist' }])
    // This model exists, but has other columns.
    expect(results[2].problem?.detail).not.toContain('no model')
  })
})
