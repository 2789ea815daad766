/** Tenants, keys and limits through an admin key, and the entries of the audit log. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditEntry } from '../../src/contract/audit.js'
import type { Scope } from '../../src/contract/key.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { newJob } from '../support/stores.js'

let service: RunningApp
let admin: { id: string; header: string }
let names = 0

const aTenant = () => `tenant-${++names}`

beforeAll(async () => {
  service = await openApp()
  admin = await keyFor(service, 'operators', ['admin'])
})

afterAll(() => service.close())

async function as(
  header: string,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  payload?: object,
) {
  const answer = await service.app.inject({
    method,
    url,
    headers: { authorization: header, 'x-request-id': 'request-1' },
    ...(payload === undefined ? {} : { payload }),
  })
  return {
    status: answer.statusCode,
    body: answer.body === '' ? null : answer.json(),
    headers: answer.headers,
  }
}

const ask = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
  as(admin.header, method, url, payload)

/** Newest first. */
async function entries(query: string): Promise<AuditEntry[]> {
  const { status, body } = await ask('GET', `/admin/audit?limit=100&${query}`)
  expect(status).toBe(200)
  return body.data
}

const countEntries = () => service.database.auditEntry.count()

async function create(tenantId: string, scopes: Scope[] = ['jobs:read'], more: object = {}) {
  const { status, body } = await ask('POST', '/admin/keys', { tenantId, scopes, ...more })
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

const jobs = async (secret: string) => (await as(`Bearer ${secret}`, 'GET', '/jobs')).status

describe('the scope admin', () => {
  it('reads no data of tenants, and a key without it manages nothing', async () => {
    for (const path of ['/jobs', '/models', '/datasets', '/webhooks', '/metrics', '/sweeps']) {
      expect((await ask('GET', path)).status, path).toBe(403)
    }
    expect((await ask('GET', '/workers')).status).toBe(200)
    const { header } = await keyFor(service, aTenant(), ['jobs:write', 'metrics:read'])
    const { status, body } = await as(header, 'GET', '/admin/tenants')
    expect([status, body.code]).toEqual([403, 'forbidden'])
    expect(body.detail).toContain('lacks the scope admin')
  })

  it('is no way to the first key of a service without keys', async () => {
    const open = await openApp()
    try {
      const get = await open.app.inject({ method: 'GET', url: '/admin/tenants' })
      expect(get.json()).toMatchObject({ object: 'list', data: [] })
      for (const [url, payload] of [
        ['/admin/keys', { tenantId: 'blue', scopes: ['admin'] }],
        ['/admin/keys/batch', { keys: [{ tenantId: 'blue', scopes: ['admin'] }] }],
      ] as const) {
        const post = await open.app.inject({ method: 'POST', url, payload })
        expect(post.json()).toMatchObject({ status: 409, code: 'no-keys' })
      }
      const put = await open.app.inject({ method: 'PUT', url: '/admin/tenants/local', payload: {} })
      expect(put.statusCode).toBe(201)
      const audit = await open.app.inject({ method: 'GET', url: '/admin/audit' })
      expect(audit.json().data).toMatchObject([
        { action: 'tenant.created', actor: { type: 'local', id: null }, tenantId: 'local' },
      ])
    } finally {
      await open.close()
    }
  })
})

describe('a tenant', () => {
  it('is created once, with its limits', async () => {
    const id = aTenant()
    const first = await ask('PUT', `/admin/tenants/${id}`, { limits: { queuedJobs: 7 } })
    expect(first.status).toBe(201)
    expect(first.body).toMatchObject({
      id,
      ownLimits: { queuedJobs: 7 },
      limits: { queuedJobs: 7 },
      liveKeys: 0,
    })
    const again = await ask('PUT', `/admin/tenants/${id}`)
    expect([again.status, again.body]).toEqual([200, first.body])
    const [limits, created, ...others] = await entries(`tenant=${id}`)
    expect(others).toEqual([])
    expect(limits).toMatchObject({
      action: 'limits.changed',
      details: { before: { queuedJobs: null }, after: { queuedJobs: 7 } },
    })
    expect(created).toMatchObject({
      object: 'auditEntry',
      action: 'tenant.created',
      actor: { type: 'key', id: admin.id },
      target: id,
      requestId: 'request-1',
      address: '127.0.0.1',
    })
  })

  it('has limits that change at once, and an entry only if one changes', async () => {
    const id = aTenant()
    const { secret } = await create(id, ['jobs:write'])
    const path = `/admin/tenants/${id}/limits`
    const changed = await ask('PATCH', path, { epochs: 2, jobDays: 3 })
    expect(changed.body).toMatchObject({ ownLimits: { epochs: 2, jobDays: 3 } })
    const shown = await as(`Bearer ${secret}`, 'GET', '/limits')
    expect(shown.body.limits.epochs).toMatchObject({ allowed: 2, own: true })
    const reset = await ask('PATCH', path, { jobDays: null })
    expect(reset.body.ownLimits).toEqual({ epochs: 2 })
    const before = await countEntries()
    expect((await ask('PATCH', path, { epochs: 2 })).status).toBe(200)
    expect(await countEntries()).toBe(before)
    expect((await entries(`tenant=${id}&action=limits.changed`)).map(({ details }) => details)).toEqual([
      { before: { jobDays: 3 }, after: { jobDays: null } },
      { before: { epochs: null, jobDays: null }, after: { epochs: 2, jobDays: 3 } },
    ])
  })

  it('is listed by id, by prefix, and page by page', async () => {
    for (const id of ['list-b', 'list-a', 'list-', 'lista', 'list-c'])
      await ask('PUT', `/admin/tenants/${id}`)
    const job = await service.jobs.of('list-a').create(newJob())
    const first = await ask('GET', '/admin/tenants?prefix=list-&limit=3')
    expect(first.body).toMatchObject({ hasMore: true, lastId: 'list-b' })
    expect(first.body.data.map(({ id }: { id: string }) => id)).toEqual(['list-', 'list-a', 'list-b'])
    expect(first.body.data[1]).toMatchObject({ use: { queuedJobs: 1 }, lastJobAt: job.createdAt })
    const second = await ask('GET', `/admin/tenants?prefix=list-&limit=3&after=${first.body.lastId}`)
    expect(second.body.data.map(({ id }: { id: string }) => id)).toEqual(['list-c'])
  })

  it('is suspended: its keys say why, its jobs wait, and it resumes', async () => {
    const id = aTenant()
    const { secret } = await create(id, ['jobs:write'])
    await service.jobs.of(id).create(newJob())
    expect(await jobs(secret)).toBe(200)
    const suspended = await ask('POST', `/admin/tenants/${id}/suspend`, { reason: 'the invoice is open' })
    expect(suspended.body).toMatchObject({ suspendedReason: 'the invoice is open' })
    expect(suspended.body.suspendedAt).not.toBeNull()
    const refused = await as(`Bearer ${secret}`, 'GET', '/jobs')
    expect(refused.body).toMatchObject({
      status: 403,
      code: 'tenant-suspended',
      detail: `The tenant ${id} is suspended: the invoice is open`,
    })
    const claimed = await claimOf(id)
    expect(claimed).toBe(0)
    const resumed = await ask('POST', `/admin/tenants/${id}/resume`)
    expect(resumed.body).toMatchObject({ suspendedAt: null, suspendedReason: null })
    expect(await jobs(secret)).toBe(200)
    expect(await claimOf(id)).toBe(1)
    const actions = (await entries(`tenant=${id}`)).map(({ action }) => action)
    expect(actions.slice(0, 2)).toEqual(['tenant.resumed', 'tenant.suspended'])
  })

  it('with a live admin key is not suspended', async () => {
    const before = await countEntries()
    const { body } = await ask('POST', '/admin/tenants/operators/suspend', { reason: 'a mistake' })
    expect(body).toMatchObject({ status: 409, code: 'last-admin-key' })
    expect(await countEntries()).toBe(before)
  })

  it.each([
    ['GET', '', undefined],
    ['PATCH', '/limits', { epochs: 1 }],
    ['POST', '/suspend', { reason: 'none' }],
    ['POST', '/resume', undefined],
  ] as const)('that does not exist has a 404 for %s %s', async (method, path, body) => {
    const before = await countEntries()
    expect((await ask(method, `/admin/tenants/nobody${path}`, body)).body).toMatchObject({
      code: 'not-found',
    })
    expect(await countEntries()).toBe(before)
  })

  it.each([
    ['PUT', '/admin/tenants/Blue!', {}, '/id'],
    ['PUT', '/admin/tenants/blue', { limits: { epochs: 0 } }, '/limits/epochs'],
    ['PATCH', '/admin/tenants/blue/limits', { epoch: 1 }, '/epoch'],
    ['PATCH', '/admin/tenants/blue/limits', {}, ''],
    ['POST', '/admin/tenants/blue/suspend', { reason: '' }, '/reason'],
    ['GET', '/admin/tenants?prefix=A', undefined, '/prefix'],
    ['GET', '/admin/keys?tenant=A', undefined, '/tenant'],
    ['GET', '/admin/audit?action=fly', undefined, '/action'],
    ['GET', '/admin/audit?since=yesterday', undefined, '/since'],
    ['GET', '/admin/audit?after=1', undefined, '/after'],
    ['POST', '/admin/keys', { tenantId: 'blue', scopes: [] }, '/scopes'],
    ['POST', '/admin/keys', { tenantId: 'blue', scopes: ['jobs:fly'] }, '/scopes/0'],
    ['POST', '/admin/keys', { tenantId: 'blue', scopes: ['jobs:read'], models: ['a@b'] }, '/models'],
    ['POST', '/admin/keys', { tenantId: 'blue', scopes: ['jobs:read'], expiresAt: 'soon' }, '/expiresAt'],
    [
      'POST',
      '/admin/keys',
      { tenantId: 'blue', scopes: ['jobs:read'], expiresAt: '2020-01-01T00:00:00Z' },
      '/expiresAt',
    ],
    ['POST', '/admin/keys/batch', { keys: [] }, '/keys'],
  ] as const)('%s %s with %j is refused', async (method, path, body, pointer) => {
    const before = await countEntries()
    const answer = await ask(method, path, body)
    expect(answer.body).toMatchObject({ status: 400, code: 'invalid-request' })
    expect(answer.body.errors[0].pointer).toBe(pointer)
    expect(await countEntries()).toBe(before)
    expect((await ask('GET', '/admin/tenants/blue')).status).toBe(404)
  })
})

async function claimOf(tenantId: string): Promise<number> {
  const capacity = {
    ...{ free: 4, all: 4, jobs: 10, seconds: 1, timeScale: 1, freeIn: [0, 0, 0, 0], reservation: null },
  }
  const { jobs } = await service.runs.claim('worker_admin', capacity)
  const rows = await service.database.job.findMany({
    where: { id: { in: jobs.map(({ jobId }) => jobId) } },
  })
  return rows.filter((row) => row.tenantId === tenantId).length
}

describe('a key', () => {
  it('is created with its tenant, shown once, and works at once', async () => {
    const tenantId = aTenant()
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
    const made = await ask('POST', '/admin/keys', {
      tenantId,
      scopes: ['jobs:read'],
      name: 'page',
      expiresAt,
    })
    expect(made.status).toBe(201)
    expect(made.headers['cache-control']).toBe('no-store')
    expect(made.headers.location).toBe(`/admin/keys/${made.body.id}`)
    const { secret, ...key } = made.body
    expect(key).toMatchObject({ object: 'key', tenantId, name: 'page', status: 'live', expiresAt })
    expect(await jobs(secret)).toBe(200)
    const read = await ask('GET', `/admin/keys/${key.id}`)
    expect(read.body).toEqual(key)
    expect((await ask('GET', `/admin/keys?tenant=${tenantId}`)).body.data).toEqual([key])
    const [created, tenant] = await entries(`tenant=${tenantId}`)
    expect(created).toMatchObject({
      action: 'key.created',
      target: key.id,
      details: { name: 'page', scopes: ['jobs:read'], models: [], expiresAt },
    })
    expect(tenant?.action).toBe('tenant.created')
    expect(
      JSON.stringify(await service.database.auditEntry.findMany({ select: { details: true } })),
    ).not.toContain(secret.slice(40, 104))
  })

  it('beyond the limit of its tenant is refused, and leaves no entry', async () => {
    const tenantId = aTenant()
    const first = await create(tenantId)
    await create(tenantId)
    const before = await countEntries()
    const { body } = await ask('POST', '/admin/keys', { tenantId, scopes: ['jobs:read'] })
    expect(body).toMatchObject({ status: 409, code: 'too-many-keys' })
    expect(body.detail).toContain(first.id)
    expect(await countEntries()).toBe(before)
  })

  it('changes its name and its expiry', async () => {
    const { id, tenantId, secret } = await create(aTenant())
    const expiresAt = new Date(Date.now() + 60_000).toISOString()
    const changed = await ask('PATCH', `/admin/keys/${id}`, { name: 'short', expiresAt })
    expect(changed.body).toMatchObject({ id, name: 'short', expiresAt, status: 'live' })
    expect((await ask('PATCH', `/admin/keys/${id}`, { expiresAt: null })).body).toMatchObject({
      name: 'short',
      expiresAt: null,
    })
    expect((await ask('PATCH', `/admin/keys/${id}`, {})).status).toBe(400)
    const past = await ask('PATCH', `/admin/keys/${id}`, { expiresAt: '2020-01-01T00:00:00Z' })
    expect(past.body).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '/expiresAt' }] })
    expect(await jobs(secret)).toBe(200)
    const changes = await entries(`tenant=${tenantId}&action=key.changed`)
    expect(changes.map(({ details }) => details)).toEqual([
      { before: { name: 'short', expiresAt }, after: { name: 'short', expiresAt: null } },
      { before: { name: null, expiresAt: null }, after: { name: 'short', expiresAt } },
    ])
  })

  it('is replaced, and stays valid for the overlap', async () => {
    const { id, tenantId, secret, expiresAt } = await create(aTenant(), ['jobs:read'], { name: 'old' })
    expect(expiresAt).toBeNull()
    const rotated = await ask('POST', `/admin/keys/${id}/rotate`, { overlapSeconds: 3_600 })
    expect(rotated.status, JSON.stringify(rotated.body)).toBe(201)
    const { secret: next, previous, ...key } = rotated.body
    expect(key).toMatchObject({
      tenantId,
      name: 'old',
      scopes: ['jobs:read'],
      status: 'live',
      expiresAt: null,
    })
    expect(previous).toMatchObject({ id, replacedBy: key.id, status: 'live' })
    const left = Date.parse(previous.expiresAt) - Date.now()
    expect(left).toBeGreaterThan(3_500_000)
    expect(left).toBeLessThanOrEqual(3_600_000)
    expect([await jobs(secret), await jobs(next)]).toEqual([200, 200])
    expect((await ask('POST', `/admin/keys/${id}/rotate`)).body).toMatchObject({ code: 'key-not-live' })
    // The overlap does not grow.
    const longer = await ask('PATCH', `/admin/keys/${id}`, { expiresAt: null })
    expect(longer.body).toMatchObject({ code: 'key-not-live' })
    const again = await ask('POST', `/admin/keys/${key.id}/rotate`, { overlapSeconds: 0 })
    expect(again.body.previous).toMatchObject({ id: key.id, status: 'expired' })
    expect([await jobs(secret), await jobs(next), await jobs(again.body.secret)]).toEqual([200, 401, 200])
    expect((await entries(`tenant=${tenantId}&action=key.rotated`)).at(-1)).toMatchObject({
      target: id,
      details: { replacedBy: key.id, expiresAt: previous.expiresAt },
    })
  })

  it('that was replaced does not count, so that both keys of a tenant can be replaced', async () => {
    const tenantId = aTenant()
    for (const { id } of [await create(tenantId), await create(tenantId)]) {
      expect((await ask('POST', `/admin/keys/${id}/rotate`)).status).toBe(201)
    }
    const { body } = await ask('POST', '/admin/keys', { tenantId, scopes: ['jobs:read'] })
    expect(body.code).toBe('too-many-keys')
    let id = (await ask('GET', `/admin/keys?tenant=${tenantId}&limit=1`)).body.data[0].id
    for (;;) {
      const next = await ask('POST', `/admin/keys/${id}/rotate`)
      if (next.status !== 201) {
        expect(next.body.code).toBe('too-many-keys')
        break
      }
      id = next.body.id
    }
    expect((await ask('GET', `/admin/tenants/${tenantId}`)).body.liveKeys).toBe(20)
  })

  it('is revoked, then deleted', async () => {
    const { id, secret, tenantId } = await create(aTenant())
    expect((await ask('DELETE', `/admin/keys/${id}`)).body).toMatchObject({ code: 'key-not-live' })
    const revoked = await ask('POST', `/admin/keys/${id}/revoke`)
    expect(revoked.body).toMatchObject({ id, status: 'revoked' })
    expect(await jobs(secret)).toBe(401)
    expect((await ask('POST', `/admin/keys/${id}/revoke`)).body).toMatchObject({ code: 'key-not-live' })
    expect((await ask('PATCH', `/admin/keys/${id}`, { name: 'a' })).body).toMatchObject({
      code: 'key-not-live',
    })
    expect((await ask('POST', `/admin/keys/${id}/rotate`)).body).toMatchObject({ code: 'key-not-live' })
    expect((await ask('DELETE', `/admin/keys/${id}`)).status).toBe(204)
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['DELETE', '', undefined],
      ['PATCH', '', { name: 'a' }],
      ['POST', '/rotate', {}],
      ['POST', '/revoke', undefined],
    ] as const) {
      expect((await ask(method, `/admin/keys/${id}${path}`, body)).body).toMatchObject({ code: 'not-found' })
    }
    expect((await entries(`tenant=${tenantId}`)).map(({ action }) => action)).toEqual([
      'key.deleted',
      'key.revoked',
      'key.created',
      'tenant.created',
    ])
  })

  it('is listed newest first, page by page', async () => {
    const tenantId = aTenant()
    const [one, two] = [await create(tenantId), await create(tenantId)]
    const first = await ask('GET', `/admin/keys?tenant=${tenantId}&limit=1`)
    expect(first.body.data).toMatchObject([{ id: two.id }])
    const second = await ask('GET', `/admin/keys?tenant=${tenantId}&limit=1&after=${first.body.lastId}`)
    expect(second.body).toMatchObject({ hasMore: false, data: [{ id: one.id }] })
    expect((await ask('GET', `/admin/keys?limit=1`)).body.data).toMatchObject([{ id: two.id }])
    expect((await ask('GET', `/admin/keys?tenant=${tenantId}&after=${admin.id}`)).status).toBe(400)
  })
})

describe('the last live admin key', () => {
  it('cannot be revoked or shortened, also under concurrent requests', async () => {
    const before = await countEntries()
    const path = `/admin/keys/${admin.id}`
    expect((await ask('POST', `${path}/revoke`)).body).toMatchObject({ status: 409, code: 'last-admin-key' })
    const expiresAt = new Date(Date.now() + 60_000).toISOString()
    expect((await ask('PATCH', path, { expiresAt })).body).toMatchObject({ code: 'last-admin-key' })
    expect(await countEntries()).toBe(before)
    const second = await create(aTenant(), ['admin'])
    const answers = await Promise.all([
      ask('POST', `${path}/revoke`),
      as(`Bearer ${second.secret}`, 'POST', `/admin/keys/${second.id}/revoke`),
    ])
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409])
    const live = await service.database.key.findMany({ where: { scopes: { has: 'admin' }, revokedAt: null } })
    expect(live).toHaveLength(1)
    admin = await keyFor(service, aTenant(), ['admin'])
  })
})

describe('a batch of keys', () => {
  it('creates 1,000 keys, and refuses some by themselves', async () => {
    const full = aTenant()
    const keys = [
      ...Array.from({ length: 996 }, (_, index) => ({ tenantId: `class-${index}`, scopes: ['jobs:read'] })),
      { tenantId: full, scopes: ['jobs:read'] },
      { tenantId: full, scopes: ['jobs:write'] },
      { tenantId: full, scopes: ['jobs:write'] },
      { tenantId: 'Wrong', scopes: ['jobs:read'] },
    ]
    const { status, body } = await ask('POST', '/admin/keys/batch', { keys })
    expect(status).toBe(201)
    expect(body).toMatchObject({ object: 'keyBatch', created: 998, refused: 2 })
    const [, , tooMany, wrong] = body.results.slice(996)
    expect(tooMany).toMatchObject({ key: null, problem: { status: 409, code: 'too-many-keys' } })
    expect(wrong).toMatchObject({
      key: null,
      problem: { code: 'invalid-request', errors: [{ pointer: '/tenantId' }] },
    })
    expect(new Set(body.results.map(({ key }: { key: { secret: string } | null }) => key?.secret)).size).toBe(
      999,
    )
    expect(body.results[500].key).toMatchObject({ tenantId: 'class-500', status: 'live' })
    expect(await jobs(body.results[500].key.secret)).toBe(200)
    const created = await service.database.auditEntry.count({
      where: { action: 'key.created', tenantId: { startsWith: 'class-' } },
    })
    expect(created).toBe(996)
    const tooLong = { keys: [...keys, keys[0]] }
    expect((await ask('POST', '/admin/keys/batch', tooLong)).body).toMatchObject({ code: 'invalid-request' })
  })

  it('of concurrent requests for the same tenants keeps their limits', async () => {
    const tenants = Array.from({ length: 20 }, () => aTenant())
    const batch = (order: string[]) =>
      ask('POST', '/admin/keys/batch', {
        keys: order.map((tenantId) => ({ tenantId, scopes: ['jobs:read'] })),
      })
    const answers = await Promise.all([
      batch(tenants),
      batch(tenants.toReversed()),
      batch(tenants),
      batch(tenants.toReversed()),
    ])
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201])
    const created = answers.reduce((sum, { body }) => sum + body.created, 0)
    expect(created).toBe(40)
  })
})

describe('a webhook', () => {
  it('is listed without its path, disabled and enabled', async () => {
    const tenantId = aTenant()
    const { header } = await keyFor(service, tenantId, ['webhooks:write'])
    const register = async (path: string) =>
      (await as(header, 'POST', '/webhooks', { url: `https://example.com/${path}` })).body.id
    const [id, second] = [await register('secret/path'), await register('two')]
    const first = await ask('GET', `/admin/webhooks?tenant=${tenantId}&limit=1`)
    expect(first.body).toMatchObject({
      hasMore: true,
      lastId: id,
      data: [{ id, tenantId, host: 'example.com', status: 'active' }],
    })
    expect(JSON.stringify(first.body)).not.toMatch(/secret|whsec_/)
    for (const query of [`tenant=${tenantId}&`, '']) {
      const { body } = await ask('GET', `/admin/webhooks?${query}after=${id}`)
      expect(body.data[0]).toMatchObject({ id: second, tenantId })
    }
    expect((await ask('GET', `/admin/webhooks?tenant=nobody&after=${id}`)).status).toBe(400)
    const path = `/admin/webhooks/${id}`
    const disabled = await ask('POST', `${path}/disable`, { reason: 'too slow' })
    expect(disabled.body).toMatchObject({ id, status: 'disabled', disabledReason: 'too slow' })
    const shown = await as(header, 'GET', `/webhooks/${id}`)
    expect(shown.body).toMatchObject({ status: 'disabled', disabledReason: 'too slow' })
    expect((await ask('POST', `${path}/enable`)).body).toMatchObject({
      status: 'active',
      disabledReason: null,
    })
    const found = await entries(`tenant=${tenantId}`)
    expect(found.slice(0, 2)).toMatchObject([
      { action: 'webhook.enabled', target: id, actor: { id: admin.id } },
      { action: 'webhook.disabled', target: id, details: { reason: 'too slow' } },
    ])
    const before = await countEntries()
    expect((await ask('POST', '/admin/webhooks/whk_0/enable')).body).toMatchObject({ code: 'not-found' })
    expect((await ask('POST', '/admin/webhooks/whk_0/disable', { reason: 'a' })).status).toBe(404)
    expect((await ask('POST', `${path}/disable`, { reason: '' })).status).toBe(400)
    expect(await countEntries()).toBe(before)
  })
})

describe('the audit log', () => {
  it('has the changes of tenants themselves', async () => {
    const tenantId = aTenant()
    const { id, header } = await keyFor(service, tenantId, ['jobs:write', 'webhooks:write'])
    const mine = (method: 'POST' | 'DELETE', url: string, payload?: object) =>
      as(header, method, url, payload)
    const webhook = (await mine('POST', '/webhooks', { url: 'https://example.com/secret/path' })).body.id
    await mine('POST', `/webhooks/${webhook}/rotate-secret`)
    await mine('POST', `/webhooks/${webhook}/enable`)
    await mine('DELETE', `/webhooks/${webhook}`)
    const job = (await service.jobs.of(tenantId).create(newJob())).id
    const link = (await mine('POST', `/jobs/${job}/share-links`)).body.id
    await mine('DELETE', `/jobs/${job}/share-links/${link}`)
    await mine('POST', `/jobs/${job}/cancel`)
    const later = new Date(Date.now() + 60_000).toISOString()
    expect((await mine('DELETE', `/jobs?before=${later}`)).body).toMatchObject({ deleted: 1 })
    expect((await mine('DELETE', `/jobs?before=${later}`)).body).toMatchObject({ deleted: 0 })
    // Refused or without effect.
    await mine('DELETE', `/webhooks/${webhook}`)
    await mine('DELETE', `/jobs/${job}/share-links/${link}`)
    const found = await entries(`tenant=${tenantId}&since=2020-01-01T00:00:00Z`)
    expect(found.map(({ action, target }) => [action, target])).toEqual([
      ['jobs.deleted', null],
      ['shareLink.revoked', link],
      ['shareLink.created', link],
      ['webhook.deleted', webhook],
      ['webhook.enabled', webhook],
      ['webhook.secretRotated', webhook],
      ['webhook.created', webhook],
      ['key.created', id],
      ['tenant.created', tenantId],
    ])
    expect(found[0]).toMatchObject({ details: { count: 1, statuses: ['succeeded', 'failed', 'cancelled'] } })
    for (const { actor } of found.slice(0, 7)) expect(actor).toEqual({ type: 'key', id })
    expect(JSON.stringify(found)).not.toMatch(/whsec_|secret\/path|share_/)
  })

  it('is filtered by time, and continues after a cursor', async () => {
    const tenantId = aTenant()
    for (const epochs of [1, 2, 3]) {
      await ask('PUT', `/admin/tenants/${tenantId}`, { limits: { epochs } })
    }
    const all = await entries(`tenant=${tenantId}`)
    expect(all).toHaveLength(4)
    const pages: AuditEntry[] = []
    let after = ''
    for (;;) {
      const { body } = await ask('GET', `/admin/audit?tenant=${tenantId}&limit=1${after}`)
      pages.push(...body.data)
      if (!body.hasMore) break
      after = `&after=${body.lastId}`
    }
    expect(pages).toEqual(all)
    expect(await entries(`tenant=${tenantId}&until=${all[0]?.at}`)).not.toContainEqual(all[0])
    expect(await entries(`tenant=${tenantId}&since=${all[0]?.at}`)).toContainEqual(all[0])
    expect(await entries(`tenant=${tenantId}&since=2100-01-01T00:00:00Z`)).toEqual([])
  })
})
