/** The routes of sweeps. No worker runs, so trials stay queued. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sweepLimits, sweepSchema, trialSchema } from '../../src/contract/sweep.js'
import { openApp, type RunningApp } from '../support/app.js'
import { eventually } from '../support/service.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})
afterAll(() => service.close())

const spec = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'sgd', learningRate: 0.1 },
  epochs: 5,
  seed: 7,
}
const rates = { path: '/optimizer/learningRate', values: [0.1, 0.2, 0.3] }

const post = (payload: object, url = '/sweeps') => service.app.inject({ method: 'POST', url, payload })
const get = async (url: string) => (await service.app.inject({ url })).json()

async function start(changes: object = {}): Promise<string> {
  const response = await post({ spec, parameters: [rates], metric: 'loss', ...changes })
  expect(response.statusCode, response.body).toBe(202)
  return response.json().id
}

const created = (id: string, trials: number) =>
  eventually(async () => {
    const sweep = sweepSchema.parse(await get(`/sweeps/${id}`))
    return sweep.created === trials ? sweep : undefined
  })

describe('a sweep', () => {
  it('creates a job for each trial, with its values and seed', async () => {
    const id = await start({ name: 'rates', seeds: 2 })
    const sweep = await created(id, 6)
    expect(sweep).toMatchObject({
      status: 'running',
      trials: 6,
      counts: { queued: 6 },
      direction: 'minimize',
    })
    const { data } = await get(`/sweeps/${id}/trials?limit=1000`)
    const trials = trialSchema.array().parse(data)
    expect(trials.map(({ point, values, seed }) => [point, values['/optimizer/learningRate'], seed])).toEqual(
      [
        [1, 0.1, 7],
        [1, 0.1, 8],
        [2, 0.2, 7],
        [2, 0.2, 8],
        [3, 0.3, 7],
        [3, 0.3, 8],
      ],
    )
    const job = await get(`/jobs/${trials[3].jobId}`)
    expect(job).toMatchObject({ name: 'rates #4', sweep: { id, trial: 4 } })
    expect(job.spec).toMatchObject({ seed: 8, optimizer: { type: 'sgd', learningRate: 0.2 } })
  })

  it('lists its trials in pages', async () => {
    const id = await start()
    await created(id, 3)
    const first = await get(`/sweeps/${id}/trials?limit=2`)
    expect(first.data.map(({ trial }: { trial: number }) => trial)).toEqual([1, 2])
    const second = await get(`/sweeps/${id}/trials?limit=2&after=${first.lastId}`)
    expect(second.data.map(({ trial }: { trial: number }) => trial)).toEqual([3])
    expect(second.hasMore).toBe(false)
  })

  it('has one random seed for all points, unless the spec has one', async () => {
    const { seed: _, ...unseeded } = spec
    const id = await start({ spec: unseeded })
    await created(id, 3)
    const { data } = await get(`/sweeps/${id}/trials`)
    expect(new Set(data.map(({ seed }: { seed: number }) => seed)).size).toBe(1)
  })

  it('has fewer trials at a time with tpe, whose points wait for results', async () => {
    const id = await start({
      parameters: [
        { path: '/optimizer/learningRate', min: 0.1, max: 1 },
        { path: '/batchSize', values: [1, 2] },
      ],
      search: { type: 'tpe', points: 40 },
    })
    // A tenth of the points at a time, and a batch of half of them.
    const sweep = await created(id, 4)
    expect(sweep).toMatchObject({ trials: 40, parallelism: 4, counts: { queued: 4 } })
    const trials = trialSchema.array().parse((await get(`/sweeps/${id}/trials`)).data)
    const random = await start({
      parameters: sweep.parameters,
      search: { type: 'random', points: 4 },
    })
    await created(random, 4)
    const others = trialSchema.array().parse((await get(`/sweeps/${random}/trials`)).data)
    // The first points are drawn as in a random search.
    expect(trials.map(({ values }) => values)).toEqual(others.map(({ values }) => values))
    const job = await get(`/jobs/${trials[1].jobId}`)
    expect(job.spec.optimizer.learningRate).toBe(trials[1].values['/optimizer/learningRate'])
    await created(id, 4)
  })

  it('counts the trials whose values are refused', async () => {
    const id = await start({ parameters: [{ path: '/batchSize', values: [1, 0, 2, 'many'] }] })
    const sweep = await created(id, 4)
    expect(sweep.counts).toMatchObject({ queued: 2, refused: 2 })
    expect(sweep.refusals.map(({ trial }) => trial)).toEqual([2, 4])
    expect(sweep.refusals[0].message).toMatch(/batchSize/)
  })

  it('is listed, paused, resumed, cancelled and deleted', async () => {
    const id = await start()
    await created(id, 3)
    expect((await get('/sweeps')).data[0].id).toBe(id)
    const change = async (name: string) => (await post({}, `/sweeps/${id}/${name}`)).json()
    expect(await change('pause')).toMatchObject({ status: 'paused', counts: { paused: 3 } })
    expect(await change('pause')).toMatchObject({ status: 'paused' })
    expect(await change('resume')).toMatchObject({ status: 'running', counts: { queued: 3 } })
    const refusal = await service.app.inject({ method: 'DELETE', url: `/sweeps/${id}` })
    expect(refusal.json()).toMatchObject({ status: 409, code: 'job-active' })
    expect(await change('cancel')).toMatchObject({ status: 'cancelled', counts: { cancelled: 3 } })
    expect(await change('resume')).toMatchObject({ status: 409, code: 'job-finished' })
    expect((await service.app.inject({ method: 'DELETE', url: `/sweeps/${id}` })).statusCode).toBe(204)
    expect(await get(`/sweeps/${id}`)).toMatchObject({ status: 404 })
  })
})

describe('a request is refused', () => {
  const wide = { path: '/epochs', min: 1, max: 1_000, integer: true, steps: 1_000 }
  it.each([
    [
      'a place the spec does not have',
      { parameters: [{ path: '/schedule/rate', values: [1] }] },
      '/parameters/0/path',
    ],
    ['a place varied twice', { parameters: [rates, rates] }, '/parameters/1/path'],
    [
      'a range in a grid without steps',
      { parameters: [{ path: '/epochs', min: 1, max: 2 }] },
      '/parameters/0/steps',
    ],
    ['an empty range', { parameters: [{ path: '/epochs', min: 2, max: 2, steps: 2 }] }, '/parameters/0/max'],
    [
      'a log range from zero',
      { parameters: [{ path: '/epochs', min: 0, max: 2, steps: 2, scale: 'log' }] },
      '/parameters/0/min',
    ],
    [
      'broken integers',
      { parameters: [{ path: '/epochs', min: 0.5, max: 2, steps: 2, integer: true }] },
      '/parameters/0',
    ],
    [
      'a condition on a later parameter',
      { parameters: [{ ...rates, when: { path: '/epochs', in: [1] } }] },
      '/parameters/0/when/path',
    ],
    ['too many trials', { parameters: [wide, { ...wide, path: '/batchSize' }] }, '/parameters'],
    ['too many seeds', { parameters: [wide], seeds: 11 }, '/parameters'],
    [
      'a first trial that cannot run',
      { parameters: [{ path: '/loss', values: ['categoricalCrossentropy'] }] },
      '/spec/network/layers/0',
    ],
    ['a metric without its rows', { metric: 'valLoss' }, '/metric'],
    ['inline rows', { spec: { ...spec, dataset: { x: [1, 2], y: [1, 2] } } }, '/spec/dataset'],
    ['asha without a decision', { search: { type: 'asha', minimumEpochs: 5 } }, '/search/minimumEpochs'],
    ['asha with several seeds', { search: { type: 'asha', minimumEpochs: 1 }, seeds: 2 }, '/seeds'],
    [
      'asha over epochs',
      { search: { type: 'asha', minimumEpochs: 1 }, parameters: [{ path: '/epochs', values: [5] }] },
      '/parameters/0/path',
    ],
  ])('%s', async (_name, changes, pointer) => {
    const response = await post({ spec, parameters: [rates], metric: 'loss', ...changes })
    expect(response.json()).toMatchObject({ status: 422, code: 'invalid-spec' })
    expect(response.json().errors[0].pointer).toBe(pointer)
  })

  it('for a metric that a regression does not have', async () => {
    const regression = {
      dataset: { name: 'sine', rows: 50 },
      network: { layers: [{ type: 'dense', units: 1 }] },
      loss: 'meanSquaredError',
      epochs: 1,
      validationSplit: 0.5,
    }
    const parameters = [{ path: '/batchSize', values: [1] }]
    const response = await post({ spec: regression, parameters, metric: 'valAccuracy' })
    expect(response.json()).toMatchObject({ status: 422, errors: [{ pointer: '/metric' }] })
    expect((await post({ spec: regression, parameters, metric: 'valLoss' })).statusCode).toBe(202)
  })

  it('that is longer than a sweep may be', async () => {
    const values = Array.from({ length: 1_000 }, (_, index) => `${index}`.repeat(20))
    const response = await post({ spec, parameters: [{ path: '/name', values }], metric: 'loss' })
    expect(response.json().detail).toMatch(`the limit is ${sweepLimits.definitionBytes}`)
  })

  it('above the number of sweeps of a tenant', async () => {
    const id = await start()
    await service.database.$executeRaw`
      INSERT INTO "Sweep" SELECT copy.*
      FROM "Sweep" AS sweep, generate_series(1, ${sweepLimits.sweeps}::int) AS number,
        jsonb_populate_record(sweep, jsonb_build_object('id', 'swp_' || number, 'status', 'cancelled')) AS copy
      WHERE sweep.id = ${id}`
    const response = await post({ spec, parameters: [rates], metric: 'loss' })
    expect(response.json()).toMatchObject({ status: 409, code: 'too-many-sweeps' })
  })
})
