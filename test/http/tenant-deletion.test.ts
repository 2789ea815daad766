/** The deletion of tenants: what is refused, what goes, and what stays. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { AuditEntry } from '../../src/contract/audit.js'
import { tenantEraser } from '../../src/store/tenant-eraser.js'
import { byTest } from '../support/actor.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { eventually } from '../support/service.js'
import { epochsOf, linearModel, newJob, startJob, storeEpochs } from '../support/stores.js'

let service: RunningApp
let admin: { id: string; header: string }
let names = 0

const aTenant = () => `tenant-${++names}`

beforeAll(async () => {
  service = await openApp()
  admin = await keyFor(service, 'operators', ['admin'])
})

afterAll(() => service.close())

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

async function as(authorization: string | null, method: Method, url: string, payload?: object, more = {}) {
  const headers = { ...(authorization !== null && { authorization }), ...more }
  const answer = await service.app.inject({ method, url, headers, ...(payload && { payload }) })
  return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() }
}

const ask = (method: Method, url: string, payload?: object) => as(admin.header, method, url, payload)

const entries = async (tenant: string): Promise<AuditEntry[]> =>
  (await ask('GET', `/admin/audit?limit=100&tenant=${tenant}`)).body.data

/** Resolves when the tenant no longer exists. */
const gone = (id: string) =>
  eventually(async () => ((await ask('GET', `/admin/tenants/${id}`)).status === 404 ? true : undefined))

/** Every table with a column for the tenant, so that a new table is not forgotten. */
async function rowsOf(tenantId: string): Promise<Record<string, number>> {
  const tables = await service.database.$queryRaw<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.columns
    WHERE column_name = 'tenantId' AND table_schema = 'public' ORDER BY table_name COLLATE "C"`
  const counts: [string, number][] = []
  for (const { name } of tables) {
    const text = `SELECT count(*)::int AS rows FROM "${name}" WHERE "tenantId" = $1`
    const [{ rows }] = await service.database.$queryRawUnsafe<{ rows: number }[]>(text, tenantId)
    // Each connection of the database has one row of sums.
    if (rows > 0) counts.push([name, name === 'TenantUse' ? 1 : rows])
  }
  return Object.fromEntries(counts)
}

/** The tables whose rows belong to a job, model, dataset or webhook. */
const parts = [
  ...['EpochBatch', 'Checkpoint', 'CheckpointChunk', 'JobEvent', 'ShareLink', 'StreamTicket'],
  ...['WeightChunk', 'DatasetChunk', 'WebhookSecret', 'WebhookDelivery', 'SweepPoint', 'WorkshopScore'],
]

async function countParts(): Promise<number> {
  const counts = await Promise.all(
    parts.map(async (name) => {
      const text = `SELECT count(*)::int AS rows FROM "${name}"`
      const [{ rows }] = await service.database.$queryRawUnsafe<{ rows: number }[]>(text)
      return rows
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

const csv = 'a,b\n1,2\n3,4\n5,6\n'
const spec = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  epochs: 3,
}

/** Gives a tenant one of everything. Returns its key, and the participant of its workshop. */
async function furnish(tenantId: string): Promise<{ header: string; participant: string }> {
  const scopes = [
    'jobs:write',
    'models:write',
    'datasets:write',
    'webhooks:write',
    'workshops:write',
  ] as const
  const { header } = await keyFor(service, tenantId, [...scopes])
  const upload = await service.app.inject({
    method: 'POST',
    url: '/datasets?target=b',
    headers: { authorization: header, 'content-type': 'text/csv' },
    payload: csv,
  })
  expect(upload.statusCode, upload.body).toBe(201)
  const url = 'https://example.org/hook'
  expect((await as(header, 'POST', '/webhooks', { url })).status).toBe(201)
  const claim = await startJob(service, 'worker_a', { tenantId })
  await storeEpochs(service, claim, epochsOf([1, 2]))
  await service.runs.succeed(claim, linearModel())
  const { modelId } = (await as(header, 'GET', `/jobs/${claim.jobId}`)).body
  expect((await as(header, 'POST', `/jobs/${claim.jobId}/share-links`)).status).toBe(201)
  await service.registry.of(tenantId).register('churn', modelId, null)
  const alias = await as(
    header,
    'PUT',
    '/registry/churn/aliases/current',
    { version: 1 },
    { 'if-none-match': '*' },
  )
  expect([200, 201]).toContain(alias.status)
  await as(header, 'POST', '/jobs', spec, { 'idempotency-key': 'once' })
  const sweep = await as(header, 'POST', '/sweeps', {
    spec,
    parameters: [{ path: '/batchSize', values: [1, 2] }],
    metric: 'loss',
  })
  await eventually(async () =>
    (await service.database.job.count({ where: { sweepId: sweep.body.id } })) === 2 ? true : undefined,
  )
  const workshop = (await as(header, 'POST', '/workshops', { name: 'Monday' })).body
  await as(null, 'POST', '/workshop/join', { code: workshop.code, nickname: 'Ada' })
  const { tenantId: participant } = await service.database.participant.findFirstOrThrow({
    where: { workshopId: workshop.id },
  })
  await service.jobs.of(participant).create(newJob())
  return { header, participant }
}

const kept = ['AuditEntry', 'TenantUsage']
const keptWithCounts = ['AuditCount', ...kept]

describe('the deletion of a tenant', () => {
  it('leaves its usage and its audit log, and all of another tenant', async () => {
    const [id, other] = [aTenant(), aTenant()]
    await furnish(other)
    const othersRows = await rowsOf(other)
    const othersParts = await countParts()
    const { header, participant } = await furnish(id)
    expect(Object.keys(await rowsOf(id))).toEqual(
      expect.arrayContaining([
        'Alias',
        'Dataset',
        'IdempotencyKey',
        'Job',
        'Key',
        'Model',
        'Webhook',
        'Workshop',
      ]),
    )
    const answer = await ask('DELETE', `/admin/tenants/${id}?confirm=${id}`)
    expect(answer).toMatchObject({ status: 202, body: { id, status: 'deleting' } })
    expect(answer.body.deletionRequestedAt).toBe(answer.body.suspendedAt)
    const refused = await as(header, 'GET', '/jobs')
    expect([401, 403]).toContain(refused.status)
    await gone(id)
    expect(Object.keys(await rowsOf(id))).toEqual(keptWithCounts)
    const participants = Object.keys(await rowsOf(participant))
    expect(participants.filter((name) => !keptWithCounts.includes(name))).toEqual([])
    expect(await rowsOf(other)).toEqual(othersRows)
    expect(await countParts()).toBe(othersParts)
    expect((await as(header, 'GET', '/jobs')).status).toBe(401)
    const [deleted, requested] = await entries(id)
    const by = { actor: { type: 'key', id: admin.id }, target: id, address: '127.0.0.1' }
    expect(requested).toMatchObject({ action: 'tenant.deletionRequested', ...by })
    expect(requested.details).toMatchObject({ wasSuspended: false, runningJobs: 0 })
    expect(deleted).toMatchObject({ action: 'tenant.deleted', ...by, requestId: requested.requestId })
    const usage = (await ask('GET', `/admin/usage?tenant=${id}&totals=true`)).body.data
    expect(usage).toMatchObject([{ tenantId: id, jobs: { succeeded: 1 } }])
  })

  it('needs a suspension without running jobs, or the id as a confirmation', async () => {
    const id = aTenant()
    await keyFor(service, id, ['jobs:write'])
    const claim = await startJob(service, 'worker_a', { tenantId: id })
    const active = await ask('DELETE', `/admin/tenants/${id}`)
    expect(active.body).toMatchObject({ status: 409, code: 'tenant-active' })
    expect(active.body.detail).toBe(
      `Tenant ${id} is not suspended, and 1 job runs. Suspend it first, or repeat the request with confirm=${id}.`,
    )
    await ask('POST', `/admin/tenants/${id}/suspend`, { reason: 'unpaid' })
    const running = await ask('DELETE', `/admin/tenants/${id}`)
    expect(running.body.detail).toBe(
      `Tenant ${id} is suspended, but 1 job runs. Wait until they have ended, or repeat the request with confirm=${id}.`,
    )
    for (const confirm of ['', 'true', 'operators']) {
      const { body } = await ask('DELETE', `/admin/tenants/${id}?confirm=${confirm}`)
      expect(body).toMatchObject({ status: 400, errors: [{ pointer: '/confirm' }] })
    }
    expect((await ask('GET', `/admin/tenants/${id}`)).body).toMatchObject({ status: 'suspended' })
    expect((await entries(id)).some(({ action }) => action.startsWith('tenant.delet'))).toBe(false)

    await service.runs.succeed(claim, linearModel())
    expect((await ask('DELETE', `/admin/tenants/${id}`)).status).toBe(202)
    await gone(id)
  })

  it('ends running jobs, whose workers then change nothing', async () => {
    const id = aTenant()
    await keyFor(service, id, ['jobs:write'])
    const claim = await startJob(service, 'worker_a', { tenantId: id })
    expect((await ask('DELETE', `/admin/tenants/${id}?confirm=${id}`)).status).toBe(202)
    await gone(id)
    await service.runs.succeed(claim, linearModel())
    expect(Object.keys(await rowsOf(id))).toEqual(kept)
    const [usage] = (await ask('GET', `/admin/usage?tenant=${id}&totals=true`)).body.data
    expect(usage.jobs).toEqual({ succeeded: 0, failed: 0, cancelled: 1 })
  })

  it('is requested once by two requests, and its tenant changes no more', async () => {
    const id = aTenant()
    const key = await keyFor(service, id, ['jobs:write'])
    const jobs = await Promise.all(Array.from({ length: 3 }, () => service.jobs.of(id).create(newJob())))
    // The lock keeps the eraser from its jobs.
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const locked = service.database.$transaction(
      async (client) => {
        await client.$executeRaw`SELECT FROM "Job" WHERE id = ${jobs[0].id} FOR UPDATE`
        await held
      },
      { timeout: 30_000 },
    )
    onTestFinished(release)
    const path = `/admin/tenants/${id}`
    const answers = await Promise.all([1, 2].map(() => ask('DELETE', `${path}?confirm=${id}`)))
    expect(answers.map(({ status }) => status)).toEqual([202, 202])
    expect((await ask('DELETE', path)).body).toMatchObject({ status: 'deleting' })
    expect((await ask('GET', path)).body).toMatchObject({ status: 'deleting' })
    expect((await ask('GET', `/admin/tenants?prefix=${id}`)).body.data[0]).toMatchObject({
      status: 'deleting',
    })
    for (const [method, url, body] of [
      ['PUT', path, {}],
      ['PATCH', `${path}/limits`, { epochs: 3 }],
      ['POST', `${path}/suspend`, { reason: 'again' }],
      ['POST', `${path}/resume`, undefined],
      ['POST', '/admin/keys', { tenantId: id, scopes: ['jobs:read'] }],
      ['POST', `/admin/keys/${key.id}/rotate`, undefined],
    ] as const) {
      expect((await ask(method, url, body)).body, `${method} ${url}`).toMatchObject({
        status: 409,
        code: 'tenant-deleting',
      })
    }
    const fresh = aTenant()
    const batch = await ask('POST', '/admin/keys/batch', {
      keys: [
        { tenantId: fresh, scopes: ['jobs:read'] },
        { tenantId: id, scopes: ['jobs:read'] },
        { tenantId: fresh, scopes: ['jobs:read'] },
      ],
    })
    const codes = batch.body.results.map(({ problem }: { problem: { code: string } | null }) => problem?.code)
    expect(codes).toEqual([undefined, 'tenant-deleting', undefined])
    release()
    await locked
    await gone(id)
    const actions = (await entries(id)).map(({ action }) => action)
    expect(actions.filter((action) => action.startsWith('tenant.delet'))).toEqual([
      'tenant.deleted',
      'tenant.deletionRequested',
    ])
    // The id can be used again.
    expect((await ask('PUT', path, {})).status).toBe(201)
    expect((await ask('GET', path)).body).toMatchObject({ status: 'active', liveKeys: 0 })
  })

  it('is refused for a tenant with an admin key, such as that of the request', async () => {
    for (const confirm of ['', '?confirm=operators']) {
      const { body } = await ask('DELETE', `/admin/tenants/operators${confirm}`)
      expect(body).toMatchObject({ status: 409, code: 'last-admin-key' })
    }
    expect((await ask('GET', '/admin/tenants/operators')).body).toMatchObject({ status: 'active' })
  })

  it.each([
    ['nobody', 404],
    ['Blue!', 400],
    ['local', 404],
    [`key_${'0'.repeat(32)}`, 400],
  ])('of %s answers %i', async (id, status) => {
    const before = await service.database.auditEntry.count()
    expect((await ask('DELETE', `/admin/tenants/${id}`)).status).toBe(status)
    expect(await service.database.auditEntry.count()).toBe(before)
  })

  it('does not delete the tenant of everybody while no key is needed', async () => {
    const open = await openApp()
    try {
      await open.app.inject({ method: 'PUT', url: '/admin/tenants/local', payload: {} })
      const url = '/admin/tenants/local?confirm=local'
      const answer = await open.app.inject({ method: 'DELETE', url })
      expect(answer.json()).toMatchObject({ status: 409, code: 'no-keys' })
    } finally {
      await open.close()
    }
  })
})

describe('the eraser', () => {
  const never = () => false

  it('continues what another one began, without the rows of others', async () => {
    const [id, other] = [aTenant(), aTenant()]
    await Promise.all([id, other].map((tenant) => service.tenantAdministration.create(tenant, {}, byTest)))
    for (const tenant of [id, other]) {
      await service.database.$executeRaw`
        INSERT INTO "Job" (id, spec, "tenantId", parameters, "arenaBytes", "flopsPerEpoch", epochs)
        SELECT 'job_' || md5(${tenant} || n), '\\x00'::bytea, ${tenant}, 17, 1, 1, 1 FROM generate_series(1, 1500) AS n`
    }
    const { pool } = service.database
    await pool.query(
      `UPDATE "Tenant" SET "deletionRequestedAt" = now(), "deletionActor" = $2 WHERE id = $1`,
      [id, JSON.stringify(byTest)],
    )
    const first = tenantEraser(service.database)
    let asked = 0
    expect(await first.erase(id, () => ++asked > 9)).toBe(false)
    const left = await service.database.job.count({ where: { tenantId: id } })
    expect(left).toBeLessThanOrEqual(1_500)
    await Promise.all([first.erase(id, never), tenantEraser(service.database).erase(id, never)])
    await gone(id)
    expect(Object.keys(await rowsOf(id))).toEqual(kept)
    expect((await entries(id)).filter(({ action }) => action === 'tenant.deleted')).toHaveLength(1)
    expect(await service.database.job.count({ where: { tenantId: other } })).toBe(1_500)
  })

  it('deletes what a request stored that began before, unless the tenant exists again', async () => {
    const [late, again] = [aTenant(), aTenant()]
    for (const id of [late, again]) {
      await service.tenantAdministration.create(id, {}, byTest)
      await service.tenantAdministration.delete(id, true, byTest)
      await eventually(async () => (await service.tenantEraser.erase(id, never)) || undefined)
      if (id === again) await service.tenantAdministration.create(id, {}, byTest)
      await service.jobs.of(id).create(newJob())
    }
    await service.tenantEraser.cleanUp()
    expect(Object.keys(await rowsOf(late)).filter((name) => name !== 'TenantUsage')).toEqual(['AuditEntry'])
    expect(await rowsOf(again)).toMatchObject({ Job: 1 })
    await service.database.$executeRaw`UPDATE "DeletedTenant" SET "deletedAt" = now() - interval '61 minutes'`
    await service.tenantEraser.cleanUp()
    expect(await service.database.deletedTenant.count()).toBe(0)
  })

  it('keeps the last key, which closes the service', async () => {
    const alone = await openApp()
    try {
      await keyFor(alone, 'alone', ['jobs:write'])
      await alone.tenantAdministration.delete('alone', true, byTest)
      expect(await alone.tenantEraser.erase('alone', never)).toBe(false)
      expect(await alone.keys.any()).toBe(true)
      await keyFor(alone, 'operators', ['admin'])
      await eventually(async () => (await alone.tenantEraser.erase('alone', never)) || undefined)
      expect((await alone.keys.listAll()).map(({ tenantId }) => tenantId)).toEqual(['operators'])
    } finally {
      await alone.close()
    }
  })
})
