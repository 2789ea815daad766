/** One Idempotency-Key on every route that accepts it. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { linearModel, newJob, startJob } from '../support/stores.js'

let service: RunningApp
let mine: string
let theirs: string
/** A job by the key of its tenant. */
const jobs = new Map<string, string>()

beforeAll(async () => {
  service = await openApp()
  const scopes = ['jobs:write', 'models:write', 'webhooks:write', 'workshops:write', 'admin'] as const
  mine = (await keyFor(service, 'blue', [...scopes])).header
  theirs = (await keyFor(service, 'red', [...scopes])).header
  await registerModel('blue', 'logic')
  await registerModel('blue', 'other')
  await registerModel('red', 'logic')
  for (const [tenantId, key] of [
    ['blue', mine],
    ['red', theirs],
  ]) {
    jobs.set(key, (await service.jobs.of(tenantId).create(newJob())).id)
  }
})

afterAll(() => service.close())

const job = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  epochs: 5,
}

/** Registers a model that a job trained. */
async function registerModel(tenantId: string, name: string): Promise<void> {
  const model = linearModel()
  const claim = await startJob(service, 'worker_a', { tenantId })
  expect(await service.runs.succeed(claim, model)).toBe(true)
  await service.registry.of(tenantId).register(name, model.id, null)
}

/** Trials of sweeps are created later. */
const countJobs = () => service.database.job.count({ where: { sweepId: null } })

/** A tenant may have 20 such keys. */
const keyOf = (tenantId: string) => ({ tenantId, scopes: ['models:predict'], models: ['logic@1'] })

interface Route {
  /** The address, if the path has parameters. */
  readonly address?: string | ((authorization: string) => string)
  /** A valid body, and a different one. */
  readonly body: object
  readonly other: object
  readonly status: number
  count(): Promise<number>
}

const routes: Readonly<Record<string, Route>> = {
  '/jobs': {
    body: job,
    other: { ...job, epochs: 6 },
    status: 202,
    count: () => countJobs(),
  },
  '/jobs/batch': {
    body: { jobs: [job, { ...job, epochs: 7 }] },
    other: { jobs: [job] },
    status: 202,
    count: () => countJobs(),
  },
  '/sweeps': {
    body: { spec: job, parameters: [{ path: '/batchSize', values: [1, 2] }], metric: 'loss' },
    other: { spec: job, parameters: [{ path: '/batchSize', values: [1] }], metric: 'loss' },
    status: 202,
    count: () => service.database.sweep.count(),
  },
  '/models': {
    body: { construct: { dnf: { inputs: 2, trueRows: [1, 2] } } },
    other: { construct: { dnf: { inputs: 2, trueRows: [1] } } },
    status: 201,
    count: () => service.database.model.count(),
  },
  '/models/{id}/retrain': {
    address: '/models/logic@1/retrain',
    body: { dataset: 'xor' },
    other: { dataset: 'and' },
    status: 202,
    count: () => countJobs(),
  },
  '/jobs/{id}/fork': {
    address: (authorization) => `/jobs/${jobs.get(authorization)}/fork`,
    body: { epoch: 0, changes: { epochs: 5 } },
    other: { epoch: 0 },
    status: 202,
    count: () => countJobs(),
  },
  '/workshops': {
    body: { name: 'Monday' },
    other: { name: 'Tuesday' },
    status: 201,
    count: () => service.database.workshop.count(),
  },
  '/webhooks': {
    body: { url: 'https://example.com/hook', events: ['job.failed'] },
    other: { url: 'https://example.com/other', events: ['job.failed'] },
    status: 201,
    count: () => service.database.webhook.count(),
  },
  '/admin/keys': {
    body: keyOf('pages'),
    other: keyOf('pages-b'),
    status: 201,
    count: () => service.database.key.count(),
  },
  '/admin/keys/batch': {
    body: { keys: [keyOf('pages-c'), keyOf('pages-d')] },
    other: { keys: [keyOf('pages-c')] },
    status: 201,
    count: () => service.database.key.count(),
  },
}

function post(path: string, key: string, payload: object, authorization = mine) {
  const address = routes[path]?.address ?? path
  return service.app.inject({
    method: 'POST',
    url: typeof address === 'string' ? address : address(authorization),
    payload,
    headers: { authorization, 'idempotency-key': key },
  })
}

it('is accepted by these routes', () => {
  const { paths = {} } = service.app.swagger()
  const taking = Object.entries(paths).flatMap(([path, operations]) =>
    JSON.stringify(operations).includes('"name":"idempotency-key"') ? [path] : [],
  )
  expect(taking.toSorted()).toEqual(Object.keys(routes).toSorted())
})

const withoutSecrets = (answer: unknown): unknown =>
  JSON.parse(JSON.stringify(answer), (name, value) =>
    name === 'secret' || name === 'notice' ? undefined : value,
  )

describe.each(Object.entries(routes))('an Idempotency-Key on %s', (path, { body, other, status, count }) => {
  it('creates once, and returns the first response again', async () => {
    const key = randomUUID()
    const before = await count()
    const first = await post(path, key, body)
    expect(first.statusCode, first.body).toBe(status)
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    const created = (await count()) - before
    expect(created).toBeGreaterThan(0)
    const again = await post(path, key, body)
    expect(again.statusCode).toBe(status)
    expect(again.headers['idempotency-replayed']).toBe('true')
    // The secret of a webhook or key is shown once.
    expect(withoutSecrets(again.json())).toEqual(withoutSecrets(first.json()))
    expect(again.body).not.toMatch(/whsec_|descent_/)
    expect(again.headers.location).toBe(first.headers.location)
    expect((await count()) - before).toBe(created)
  })

  it('is refused with another body and on other routes', async () => {
    const key = randomUUID()
    expect((await post(path, key, body)).statusCode).toBe(status)
    const counts = await Promise.all(Object.values(routes).map((route) => route.count()))
    const refused = [
      await post(path, key, other),
      ...(await Promise.all(
        Object.entries(routes)
          .filter(([each]) => each !== path)
          .map(([each, route]) => post(each, key, route.body)),
      )),
    ]
    for (const answer of refused) {
      expect(answer.json()).toMatchObject({ status: 422, code: 'idempotency-key-reused' })
    }
    expect(await Promise.all(Object.values(routes).map((route) => route.count()))).toEqual(counts)
  })

  it('is separate for each tenant', async () => {
    const key = randomUUID()
    const first = await post(path, key, body)
    const before = await count()
    const theirFirst = await post(path, key, other, theirs)
    expect(theirFirst.statusCode).toBe(status)
    expect(theirFirst.headers['idempotency-replayed']).toBeUndefined()
    expect(theirFirst.body).not.toBe(first.body)
    expect(await count()).toBeGreaterThan(before)
    const shared = randomUUID()
    const together = await Promise.all([post(path, shared, body), post(path, shared, other, theirs)])
    expect(together.map(({ statusCode }) => statusCode)).toEqual([status, status])
  })

  it('creates once for concurrent requests', async () => {
    const key = randomUUID()
    const before = await count()
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(path, key, body)))
    const statuses = answers.map(({ statusCode }) => statusCode)
    expect(statuses.filter((each) => each !== 409)).toContain(status)
    const bodies = answers.map(({ body }) => body).join('\n')
    expect([409, status], bodies).toEqual(expect.arrayContaining([...new Set(statuses)]))
    const fresh = answers.filter(
      ({ statusCode, headers }) => statusCode === status && headers['idempotency-replayed'] === undefined,
    )
    expect(fresh).toHaveLength(1)
    const created = (await count()) - before
    await post(path, randomUUID(), body)
    expect((await count()) - before).toBe(2 * created)
  })
})

it('is refused for another model', async () => {
  const key = randomUUID()
  expect((await post('/models/logic@1/retrain', key, { dataset: 'xor' })).statusCode).toBe(202)
  const before = await countJobs()
  const refused = await post('/models/other@1/retrain', key, { dataset: 'xor' })
  expect(refused.json()).toMatchObject({ status: 422, code: 'idempotency-key-reused' })
  expect(await countJobs()).toBe(before)
})
