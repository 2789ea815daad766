/** Jobs with repeats and folds, and the control of their trials. No worker runs, so jobs stay queued. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sweepSchema } from '../../src/contract/sweep.js'
import { generous, openApp, type RunningApp } from '../support/app.js'
import { eventually } from '../support/service.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})
afterAll(() => service.close())

const spec = {
  dataset: { name: 'moons', rows: 60 },
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'sgd', learningRate: 0.1 },
  epochs: 5,
  seed: 7,
}

const post = (url: string, payload: object = {}, headers = {}) =>
  service.app.inject({ method: 'POST', url, payload, headers })
const get = async (url: string) => (await service.app.inject({ url })).json()

/** A job whose trials are all queued. */
async function started(changes: object) {
  const response = await post('/jobs', { ...spec, ...changes })
  expect(response.statusCode, response.body).toBe(202)
  const { id, sweep } = response.json()
  await eventually(async () => {
    const { created, trials } = sweepSchema.parse(await get(`/sweeps/${sweep.id}`))
    return created === trials ? true : undefined
  })
  return { id, sweepId: sweep.id }
}

const counts = async (sweepId: string) => sweepSchema.parse(await get(`/sweeps/${sweepId}`)).counts
const statusOf = async (id: string) => (await get(`/jobs/${id}`)).status

describe.each([
  ['folds', { folds: 4 }, 4],
  ['repeats', { repeats: 3, validationSplit: 0.2 }, 3],
  ['both', { folds: 3, repeats: 2 }, 6],
])('a job with %s', (_name, changes, trials) => {
  it('pauses, resumes and cancels its trials with it', async () => {
    const { id, sweepId } = await started(changes)
    expect(await counts(sweepId)).toMatchObject({ queued: trials, paused: 0 })
    expect((await post(`/jobs/${id}/pause`)).json()).toMatchObject({ status: 'paused' })
    expect(await counts(sweepId)).toMatchObject({ paused: trials })
    expect((await get(`/sweeps/${sweepId}`)).status).toBe('paused')
    expect((await post(`/jobs/${id}/resume`)).json()).toMatchObject({ status: 'queued' })
    expect(await counts(sweepId)).toMatchObject({ queued: trials })
    expect((await post(`/jobs/${id}/cancel`)).json()).toMatchObject({ status: 'cancelled' })
    expect(await counts(sweepId)).toMatchObject({ cancelled: trials })
    expect((await get(`/sweeps/${sweepId}`)).status).toBe('cancelled')
    // A second call does nothing.
    expect((await post(`/jobs/${id}/cancel`)).statusCode).toBe(200)
  })

  it('is controlled as the sweep of its trials', async () => {
    const { id, sweepId } = await started(changes)
    expect((await post(`/sweeps/${sweepId}/pause`)).statusCode).toBe(200)
    expect(await statusOf(id)).toBe('paused')
    expect((await post(`/sweeps/${sweepId}/resume`)).statusCode).toBe(200)
    expect(await statusOf(id)).toBe('queued')
    expect((await post(`/sweeps/${sweepId}/cancel`)).statusCode).toBe(200)
    expect(await statusOf(id)).toBe('cancelled')
  })

  it('is deleted with its trials, when all have ended', async () => {
    const { id, sweepId } = await started(changes)
    const remove = () => service.app.inject({ method: 'DELETE', url: `/jobs/${id}` })
    expect((await remove()).json()).toMatchObject({ code: 'job-active' })
    const { data } = await get(`/sweeps/${sweepId}/trials?limit=100`)
    expect(data).toHaveLength(trials)
    await post(`/jobs/${id}/cancel`)
    expect((await remove()).statusCode).toBe(204)
    for (const { jobId } of data) expect((await get(`/jobs/${jobId}`)).code).toBe('not-found')
    expect((await get(`/sweeps/${sweepId}`)).code).toBe('not-found')
  })
})

describe('the trials of a job', () => {
  it('are in no list of sweeps, and a repeated request creates none', async () => {
    const key = { 'idempotency-key': 'once' }
    const [first, second] = [
      await post('/jobs', { ...spec, folds: 3 }, key),
      await post('/jobs', { ...spec, folds: 3 }, key),
    ]
    expect(second.json()).toEqual(first.json())
    expect((await get('/sweeps')).data).toEqual([])
  })

  it('are cancelled one by one without effect on the others', async () => {
    const { id, sweepId } = await started({ folds: 3 })
    const { data } = await get(`/sweeps/${sweepId}/trials`)
    await post(`/jobs/${data[1].jobId}/cancel`)
    expect(await counts(sweepId)).toMatchObject({ queued: 2, cancelled: 1 })
    expect(await statusOf(id)).toBe('queued')
  })

  it('repeat the spec that the job began with', async () => {
    const { id } = await started({ repeats: 2 })
    await post(`/jobs/${id}/pause`)
    const { detail, errors } = (await post(`/jobs/${id}/resume`, { epochs: 50 })).json()
    expect(detail).toContain('The trials of this job repeat its spec, so epochs cannot change')
    expect(errors[0].pointer).toBe('/epochs')
    expect(await statusOf(id)).toBe('paused')
  })

  it('wait for room, and are then created', async () => {
    const small = await openApp(undefined, undefined, null, { ...generous, queuedJobs: 2 })
    try {
      const response = await small.app.inject({
        method: 'POST',
        url: '/jobs',
        payload: { ...spec, folds: 3 },
      })
      expect(response.statusCode).toBe(202)
      const { sweep } = response.json()
      const found = await eventually(async () => {
        const { json } = await small.app.inject({ url: `/sweeps/${sweep.id}` })
        return json().created === 1 ? json() : undefined
      })
      expect(found).toMatchObject({ status: 'running', trials: 3 })
    } finally {
      await small.close()
    }
  })
})

describe('refusals', () => {
  const adam = { type: 'adam' }
  it.each<[object, string, string]>([
    [{ folds: 3, validationSplit: 0.2 }, '/folds', 'cannot be combined with validationSplit'],
    [
      { folds: 3, validationDataset: { name: 'moons', rows: 9 } },
      '/folds',
      'cannot be combined with validationDataset',
    ],
    [{ folds: 3, validationFold: { folds: 2, fold: 1 } }, '/folds', 'cannot be combined with validationFold'],
    [{ folds: 3, split: 'chronological' }, '/folds', 'folds are shuffled'],
    [
      { folds: 20, dataset: { name: 'moons', rows: 12 } },
      '/folds',
      '20 folds of 12 rows: use at most 12 folds',
    ],
    [
      { folds: 5, dataset: { name: 'moons', rows: 8 } },
      '/folds',
      'one class has 4 rows: use at most 4 folds',
    ],
    [
      { folds: 3, earlyStopping: { monitor: 'valLoss' } },
      '/folds',
      'set earlyStopping.folds, or monitor "loss"',
    ],
    [{ folds: 1 }, '/folds', 'must be at least 2'],
    [{ folds: 21 }, '/folds', 'must be at most 20'],
    [{ repeats: 1 }, '/repeats', 'must be at least 2'],
    [{ repeats: 1e9 }, '/repeats', 'must be at most 20'],
  ])('%j', async (changes, pointer, message) => {
    for (const url of ['/jobs', '/jobs/validate']) {
      const response = await post(url, { ...spec, optimizer: adam, ...changes })
      expect([response.statusCode, response.json().errors?.[0]?.pointer]).toEqual([
        expect.toSatisfy((code) => code === 400 || code === 422),
        pointer,
      ])
      expect(response.body.replaceAll('\\"', '"')).toContain(message)
    }
  })

  it('of a batch name the job', async () => {
    const { body } = await post('/jobs/batch', { jobs: [spec, { ...spec, folds: 3 }] })
    expect(body).toContain('a batch starts single trainings only')
  })

  it('count the time of all trainings in an estimate', async () => {
    const seconds = async (epochs: number, changes: object) =>
      (await post('/jobs/validate', { ...spec, epochs, ...changes })).json().estimatedSeconds
    // Fifteen trials and the job.
    expect(await seconds(1_000, { folds: 5, repeats: 3 })).toBeCloseTo(await seconds(16_000, {}), 5)
  })
})

describe('a sweep with folds', () => {
  const parameters = [{ path: '/optimizer/learningRate', values: [0.1, 0.2] }]

  it('has a trial for each fold of each seed of each point, with the same folds for all points', async () => {
    const { id } = (await post('/sweeps', { spec, parameters, seeds: 2, folds: 3 })).json()
    await eventually(async () => ((await get(`/sweeps/${id}`)).created === 12 ? true : undefined))
    const { data } = await get(`/sweeps/${id}/trials?limit=100`)
    const one = [
      [7, 1],
      [7, 2],
      [7, 3],
      [8, 1],
      [8, 2],
      [8, 3],
    ]
    const place = ({ point, seed, fold }: Record<string, number>) => [point, seed, fold]
    expect(data.map(place)).toEqual([1, 2].flatMap((point) => one.map((each) => [point, ...each])))
    const fold = async ({ jobId }: { jobId: string }) => (await get(`/jobs/${jobId}`)).spec.validationFold
    expect(await fold(data[4])).toEqual({ folds: 3, fold: 2, seed: 8 })
    expect(await fold(data[10])).toEqual({ folds: 3, fold: 2, seed: 8 })
  })

  it.each<[object, string, string]>([
    [{ spec: { ...spec, validationSplit: 0.2 } }, '/folds', 'validationSplit in the spec'],
    [{ spec: { ...spec, folds: 2 }, folds: undefined }, '/spec/folds', 'use the folds of the sweep'],
    [{ spec: { ...spec, repeats: 2 } }, '/spec/repeats', 'use the seeds of the sweep'],
    [{ parameters: [{ path: '/repeats', values: [2] }] }, '/parameters/0/path', 'use the seeds'],
    [{ parameters: [{ path: '/validationFold/seed', values: [2] }] }, '/parameters/0/path', 'each fold'],
    [{ search: { type: 'asha', minimumEpochs: 1 } }, '/folds', 'asha, which compares single trials'],
    [
      { seeds: 100, folds: 20, search: { type: 'random', points: 6 } },
      '/parameters',
      '5 points with 100 seeds × 20 folds',
    ],
  ])('refuses %j', async (changes, pointer, message) => {
    const { detail, errors } = (await post('/sweeps', { spec, parameters, folds: 3, ...changes })).json()
    expect(errors?.[0]?.pointer, detail).toBe(pointer)
    expect(detail).toContain(message)
  })
})
