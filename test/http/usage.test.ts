/** The usage of tenants by day, through an admin key. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { linearModel, startJob } from '../support/stores.js'

let service: RunningApp
let header: string

beforeAll(async () => {
  service = await openApp()
  header = (await keyFor(service, 'operators', ['admin'])).header
  const row = { failed: 1, cancelled: 2, threadSeconds: 1.5, epochs: 10 }
  await service.database.tenantUsage.createMany({
    data: [
      { tenantId: 'blue', day: new Date('2025-10-31'), shard: 0, succeeded: 100, ...row },
      { tenantId: 'blue', day: new Date('2025-11-01'), shard: 3, succeeded: 1, ...row },
      { tenantId: 'blue', day: new Date('2025-11-01'), shard: 7, succeeded: 2, ...row },
      { tenantId: 'blue', day: new Date('2025-11-30'), shard: 0, succeeded: 4, ...row },
      { tenantId: 'red', day: new Date('2025-11-02'), shard: 0, succeeded: 8, ...row },
    ],
  })
})

afterAll(() => service.close())

async function get(query: string, headers: Record<string, string> = {}) {
  const answer = await service.app.inject({
    url: `/admin/usage?${query}`,
    headers: { authorization: header, ...headers },
  })
  return { status: answer.statusCode, body: answer.body, headers: answer.headers, json: () => answer.json() }
}

const november = 'from=2025-11-01&to=2025-11-30'

async function list(query: string): Promise<{ data: [string, string | null, number][]; lastId: string }> {
  const { status, json, body } = await get(query)
  expect(status, body).toBe(200)
  const { data, lastId } = json()
  return {
    data: data.map((usage: { tenantId: string; day: string | null; jobs: { succeeded: number } }) => [
      usage.tenantId,
      usage.day,
      usage.jobs.succeeded,
    ]),
    lastId,
  }
}

describe('usage', () => {
  it('is listed by tenant and day, page by page', async () => {
    const days = [
      ['blue', '2025-11-01', 3],
      ['blue', '2025-11-30', 4],
      ['red', '2025-11-02', 8],
    ]
    expect((await list(november)).data).toEqual(days)
    const [first] = (await get(november)).json().data
    expect(first).toEqual({
      object: 'usage',
      tenantId: 'blue',
      day: '2025-11-01',
      jobs: { succeeded: 3, failed: 2, cancelled: 4 },
      threadSeconds: 3,
      epochs: 20,
    })
    const pages: unknown[] = []
    for (let after = ''; pages.length < days.length; ) {
      const page = await list(`${november}&limit=1${after}`)
      pages.push(...page.data)
      after = `&after=${page.lastId}`
    }
    expect(pages).toEqual(days)
    expect((await list(`${november}&tenant=blue`)).data).toEqual(days.slice(0, 2))
    expect((await list(`${november}&tenant=blue&after=blue~2025-11-01`)).data).toEqual(days.slice(1, 2))
  })

  it('is summed over the days', async () => {
    const sums = [
      ['blue', null, 7],
      ['red', null, 8],
    ]
    const totals = `${november}&totals=true`
    expect((await list(totals)).data).toEqual(sums)
    const first = await list(`${totals}&limit=1`)
    expect(first.data).toEqual(sums.slice(0, 1))
    expect((await list(`${totals}&after=${first.lastId}`)).data).toEqual(sums.slice(1))
    expect((await list(`${totals}&tenant=red`)).data).toEqual(sums.slice(1))
    expect((await list(`${totals}&tenant=red&after=red`)).data).toEqual([])
  })

  it('is one table as CSV, with more tenants than a page', async () => {
    const csv = await get(november, { accept: 'text/csv' })
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8')
    expect(csv.headers['content-disposition']).toContain('usage-2025-11-01-2025-11-30.csv')
    expect(csv.headers.vary).toContain('accept')
    expect(csv.body).toBe(
      `tenant,day,succeeded,failed,cancelled,threadSeconds,epochs
blue,2025-11-01,3,2,4,3,20
blue,2025-11-30,4,1,2,1.5,10
red,2025-11-02,8,1,2,1.5,10
`,
    )
    const many = Array.from({ length: 2_001 }, (_, index) => `many-${index}`)
    const day = new Date('2024-01-01')
    const data = many.map((tenantId) => ({ tenantId, day, shard: 0, succeeded: 1 }))
    await service.database.tenantUsage.createMany({ data })
    const all = await get('from=2024-01-01&to=2024-01-01&totals=true', { accept: 'text/csv' })
    const tenants = all.body
      .split('\n')
      .slice(1, -1)
      .map((line) => line.split(',')[0])
    expect(tenants.toSorted()).toEqual(many.toSorted())
  })

  it('of the current month needs no days', async () => {
    const claim = await startJob(service, 'worker_a', { tenantId: 'green' })
    await service.runs.succeed(claim, linearModel())
    const { finishedAt } = await service.database.job.findUniqueOrThrow({ where: { id: claim.jobId } })
    const day = finishedAt?.toISOString().slice(0, 10)
    expect((await list('tenant=green')).data).toEqual([['green', day, 1]])
  })

  it('is refused for wrong days and cursors, and without the scope', async () => {
    const refusals = {
      'from=2025-11-02&to=2025-11-01': '/from: must not be after the last day, 2025-11-01',
      'from=2024-10-26&to=2025-11-30': '/from: must leave at most 400 days up to 2025-11-30: these are 401',
      'from=2025-02-29': '/from',
      'from=0001-01-01': '/from: must be 2000-01-01 or later',
      'to=today': '/to',
      'tenant=Blue': '/tenant',
      [`${november}&after=blue`]: 'The cursor does not belong to this list',
      [`${november}&after=blue~0000-00-00`]: 'The cursor does not belong to this list',
      [`${november}&after=blue~2025-11-01~x`]: 'The cursor does not belong to this list',
      [`${november}&after=blue~2025-11-01&tenant=red`]: 'The cursor does not belong to this list',
      [`${november}&after=blue~2025-11-01&totals=true`]: 'The cursor does not belong to this list',
    }
    for (const [query, detail] of Object.entries(refusals)) {
      const answer = await get(query)
      expect([answer.status, answer.json().code], query).toEqual([400, 'invalid-request'])
      expect(answer.json().detail, query).toContain(detail)
    }
    expect((await get('from=2024-10-26&to=2025-11-30', { accept: 'text/csv' })).status).toBe(400)
    expect((await get('from=2024-10-27&to=2025-11-30')).status).toBe(200)
    const { header: others } = await keyFor(service, 'blue', ['jobs:write', 'metrics:read'])
    expect((await get(november, { authorization: others })).status).toBe(403)
  })
})

describe('the usage of the tenant of a key', () => {
  const ask = async (authorization: string | undefined, query: string, accept = 'application/json') => {
    const headers = { accept, ...(authorization && { authorization }) }
    const answer = await service.app.inject({ url: `/usage?${query}`, headers })
    return { status: answer.statusCode, body: answer.body, json: () => answer.json() }
  }

  it('has the shape of the list for operators, of this tenant alone', async () => {
    const blue = (await keyFor(service, 'blue', ['jobs:read'])).header
    const own = await ask(blue, november)
    expect(own.json()).toEqual((await get(`${november}&tenant=blue`)).json())
    expect(own.json().data.map(({ tenantId }: { tenantId: string }) => tenantId)).toEqual(['blue', 'blue'])
    expect((await ask(blue, `${november}&totals=true`)).json().data).toMatchObject([
      { tenantId: 'blue', day: null, jobs: { succeeded: 7 } },
    ])
    const first = (await ask(blue, `${november}&limit=1`)).json()
    const second = (await ask(blue, `${november}&limit=1&after=${first.lastId}`)).json()
    expect([first.hasMore, second.hasMore, second.data[0].day]).toEqual([true, false, '2025-11-30'])
    const csv = (await ask(blue, november, 'text/csv')).body
    expect(csv.trimEnd().split('\n').slice(1)).toEqual([
      'blue,2025-11-01,3,2,4,3,20',
      'blue,2025-11-30,4,1,2,1.5,10',
    ])
  })

  it('shows nothing of another tenant, and needs a scope to read jobs', async () => {
    const { header: green } = await keyFor(service, 'green', ['jobs:write'])
    expect((await ask(green, november)).json().data).toEqual([])
    expect((await ask(green, `${november}&tenant=blue`)).status).toBe(400)
    expect((await ask(green, `${november}&after=blue~2025-11-01`)).status).toBe(400)
    expect((await ask(green, 'from=2020-01-01&to=2025-11-30')).status).toBe(400)
    expect((await ask((await keyFor(service, 'other', ['models:read'])).header, november)).status).toBe(403)
    // The service needs a key within a second after the first was made.
    await expect.poll(async () => (await ask(undefined, november)).status).toBe(401)
  })
})
