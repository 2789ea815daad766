/** Objects of one tenant do not exist for another, on every route of the application. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scopeSchema } from '../../src/contract/key.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { routesOf } from '../support/routes.js'
import { linearModel, newJob, startJob } from '../support/stores.js'

let service: RunningApp
let mine: string
let theirs: string
/** One object of each kind, of the tenant `blue`. */
const ids: Record<string, string> = {}

const csv = 'a,b,y\n1,2,3\n2,3,4\n3,4,6\n4,5,7\n'

beforeAll(async () => {
  service = await openApp()
  mine = (await keyFor(service, 'blue', [...scopeSchema.options])).header
  theirs = (await keyFor(service, 'red', [...scopeSchema.options])).header
  const claim = await startJob(service, 'worker_a', { tenantId: 'blue' })
  await service.runs.succeed(claim, linearModel({ id: `mdl_${'a'.repeat(32)}` }))
  ids.jobs = (await service.jobs.of('blue').create(newJob())).id
  ids.models = `mdl_${'a'.repeat(32)}`
  const upload = await as(mine, 'POST', '/datasets', csv, 'text/csv')
  ids.datasets = upload.json().id
  const webhook = await as(mine, 'POST', '/webhooks', {
    url: 'https://example.com/',
    events: ['job.succeeded'],
  })
  ids.webhooks = webhook.json().id
  const sweep = await as(mine, 'POST', '/sweeps', {
    spec: { dataset: 'xor', epochs: 1 },
    parameters: [{ path: '/batchSize', values: [1] }],
    metric: 'loss',
  })
  ids.sweeps = sweep.json().id
  ids.workshops = (await as(mine, 'POST', '/workshops', { name: 'Monday' })).json().id
})

afterAll(() => service.close())

function as(key: string, method: string, url: string, payload?: string | object, type = 'application/json') {
  return service.app.inject({
    method: method === 'GET' ? 'GET' : method === 'DELETE' ? 'DELETE' : 'POST',
    url,
    headers: { authorization: key, ...(payload === undefined ? {} : { 'content-type': type }) },
    ...(payload === undefined ? {} : { payload }),
  })
}

const kindOf = (path: string) => path.split('/')[1] ?? ''

/** A new id of the same kind. */
const never = (kind: string) => `${ids[kind]?.replace(/_.*/, '')}_${'0'.repeat(32)}`

/** Valid bodies and queries, so that the routes reach their lookup. */
const additions: Record<string, { query?: string; body?: object }> = {
  'GET /models/:id/export': { query: '?format=safetensors' },
  'GET /models/:id/predict': { query: '?x=1,2' },
  'GET /jobs/:id/dependence': { query: '?column=x1' },
  'GET /jobs/:id/comparison': { query: '?with=job_1' },
  'POST /models/:id/retrain': { body: { dataset: 'xor' } },
  'POST /jobs/:id/fork': { body: { epoch: 0 } },
  'GET /jobs/:id/rows/changed': { query: `?with=job_${'0'.repeat(32)}` },
  'GET /jobs/:id/difference': { query: `?with=job_${'0'.repeat(32)}` },
  'PATCH /models/:id': { body: { notes: 'a' } },
  'PATCH /jobs/:id': { body: { notes: 'a' } },
  'PATCH /workshops/:id': { body: { name: 'Tuesday' } },
  'POST /models/:id/predict': { body: { inputs: [[1, 2]] } },
}

const routes = () => [...routesOf(service.app.printRoutes({ commonPrefix: false }))]

describe('an object of another tenant', () => {
  it('has the same 404 as an unknown object on every route with an id', async () => {
    // Those of administration cover all tenants.
    const named = routes().filter((route) => route.includes('/:id') && !route.includes('/admin/'))
    expect(named.length).toBeGreaterThan(15)
    for (const route of named) {
      const [method, path] = route.split(' ')
      const kind = kindOf(path)
      const { query = '', body } = additions[route] ?? {}
      const addressOf = (id: string) =>
        path.replace(':id', id).replaceAll(/:row/g, '0').replace(':epoch', '1') + query
      const foreign = await as(theirs, method, addressOf(ids[kind] ?? ''), body)
      const absent = await as(theirs, method, addressOf(never(kind)), body)
      expect(foreign.statusCode, `${route}: ${foreign.body}`).toBe(404)
      const comparable = (answer: typeof foreign, id: string): unknown => {
        const { traceId, ...rest } = answer.json()
        return JSON.parse(JSON.stringify(rest).replaceAll(id, 'ID'))
      }
      expect(comparable(foreign, ids[kind] ?? ''), route).toEqual(comparable(absent, never(kind)))
      const kept = Object.keys(foreign.headers).filter((name) => !/length|date|id|trace/.test(name))
      for (const name of kept) expect(foreign.headers[name], `${route} ${name}`).toEqual(absent.headers[name])
    }
  })

  it('has the same 404 as an unknown model in the Open Inference Protocol', async () => {
    const inferring = routes().filter((route) => route.includes(' /v2/') && route.includes('/:name'))
    expect(inferring.length).toBe(6)
    for (const route of inferring) {
      const [method, path] = route.split(' ')
      const ask = async (id: string) => {
        const url = path.replace(':name', id).replace(':version', '1')
        const answer = await as(theirs, method, url, method === 'POST' ? { inputs: [] } : undefined)
        return [answer.statusCode, answer.body.replaceAll(id, 'ID')]
      }
      const foreign = await ask(ids.models ?? '')
      expect(foreign[0], route).toBe(404)
      expect(foreign, route).toEqual(await ask(never('models')))
    }
  })

  it('still exists for its own tenant afterwards', async () => {
    for (const [kind, id] of Object.entries(ids)) {
      const answer = await as(mine, 'GET', `/${kind}/${id}`)
      expect([answer.statusCode, answer.json().id]).toEqual([200, id])
    }
    expect((await as(mine, 'GET', `/jobs/${ids.jobs}`)).json().status).toBe('queued')
  })

  it('is in no list, and is no cursor of one', async () => {
    const lists = routes().filter((route) => /^GET \/(jobs|models|datasets|webhooks)$/.test(route))
    expect(lists).toHaveLength(4)
    for (const route of lists) {
      const [, path] = route.split(' ')
      const id = ids[kindOf(path)] ?? ''
      expect((await as(mine, 'GET', path)).body, route).toContain(id)
      expect((await as(theirs, 'GET', path)).body, route).not.toContain(id)
      const behindForeign = await as(theirs, 'GET', `${path}?after=${id}`)
      const behindAbsent = await as(theirs, 'GET', `${path}?after=${never(kindOf(path))}`)
      expect(behindForeign.statusCode, route).toBe(400)
      const { traceId: _, ...foreign } = behindForeign.json()
      const { traceId: __, ...absent } = behindAbsent.json()
      expect(foreign, route).toEqual(absent)
    }
  })

  it.each([
    'dataset',
    'validationDataset',
    'from',
  ] as const)('does not exist as the %s of a job', async (field) => {
    const kind = field === 'from' ? 'models' : 'datasets'
    const own = (await as(theirs, 'POST', '/datasets', csv, 'text/csv')).json().id
    const request = (id: string) => ({
      dataset: own,
      network: { layers: [{ type: 'dense', units: 1 }] },
      loss: 'meanSquaredError',
      epochs: 1,
      [field]: id,
    })
    const foreign = (await as(theirs, 'POST', '/jobs', request(ids[kind] ?? ''))).json()
    const absent = (await as(theirs, 'POST', '/jobs', request(never(kind)))).json()
    expect(foreign).toMatchObject({ status: 422, code: 'invalid-spec', errors: [{ pointer: `/${field}` }] })
    expect(foreign.detail.replace(ids[kind], 'ID')).toBe(absent.detail.replace(never(kind), 'ID'))
    expect(
      (await as(mine, 'POST', '/jobs', { ...request(ids[kind] ?? ''), dataset: ids.datasets })).statusCode,
    ).toBe(202)
  })

  it('has separate Idempotency-Keys', async () => {
    const job = {
      dataset: 'xor',
      network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
      loss: 'binaryCrossentropy',
      epochs: 1,
    }
    const post = (key: string) =>
      request(service.app.server)
        .post('/jobs')
        .set({ authorization: key, 'idempotency-key': 'the-same' })
        .send(job)
    const [first, second] = [await post(mine), await post(theirs)]
    expect([first.status, second.status]).toEqual([202, 202])
    expect(second.body.id).not.toBe(first.body.id)
    expect((await post(theirs)).body.id).toBe(second.body.id)
  })
})
