/** The audit log is append-only, is written with the change, and ends by its retention. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { audit, type Change } from '../../src/store/audit.js'
import { auditStore } from '../../src/store/audit-log.js'
import type { Actor, AuditFilter } from '../../src/training/ports/audit.js'
import { byTest } from '../support/actor.js'
import { openStores, type Stores } from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

describe('an entry', () => {
  it('is not stored if its change fails', async () => {
    const failing = stores.database.$transaction(async (client) => {
      await audit(client, byTest, { action: 'tenant.created', tenantId: 'lost', target: 'lost' })
      throw new Error('the change failed')
    })
    await expect(failing).rejects.toThrow('the change failed')
    expect(await stores.database.auditEntry.count({ where: { tenantId: 'lost' } })).toBe(0)
  })

  it.each([
    ['changed', `UPDATE "AuditEntry" SET action = 'key.created'`],
    ['deleted', 'DELETE FROM "AuditEntry"'],
    ['truncated', 'TRUNCATE "AuditEntry"'],
    [
      'deleted with a wrong setting',
      `SELECT set_config('descent.audit_days', '0', false)`,
      'DELETE FROM "AuditEntry"',
    ],
  ])('cannot be %s', async (_, ...statements) => {
    await stores.tenantAdministration.create('kept', {}, byTest)
    const run = stores.database.$transaction(async (client) => {
      for (const text of statements) await client.$executeRawUnsafe(text)
    })
    await expect(run).rejects.toThrow('append-only')
    expect(await stores.database.auditEntry.count()).toBeGreaterThan(0)
  })

  it('is deleted after the days of the retention, in several statements', async () => {
    const old = `INSERT INTO "AuditEntry" ("actorType", action, "tenantId", at)
      SELECT 'command', 'key.created', 'old', now() - interval '11 days' FROM generate_series(1, 1001)`
    await stores.database.$executeRawUnsafe(old)
    await stores.database.$executeRawUnsafe(old.replace('11 days', '9 days').replace(`'old'`, `'new'`))
    await auditStore(stores.database, 10).cleanUp()
    expect(await stores.database.auditEntry.count({ where: { tenantId: 'old' } })).toBe(0)
    expect(await stores.database.auditEntry.count({ where: { tenantId: 'new' } })).toBe(1_001)
    expect(await stores.database.auditEntry.count({ where: { tenantId: 'kept' } })).toBe(1)
  })
})

describe('a frequent change', () => {
  const key: Actor = { type: 'key', id: 'key_1', requestId: 'request', address: '127.0.0.1' }
  const remove = (change: Partial<Change>, actor = key) =>
    stores.database.$transaction((client) =>
      audit(client, actor, {
        action: 'job.deleted',
        tenantId: 'busy',
        target: 'job',
        details: { count: 2 },
        ...change,
      }),
    )
  const times = async (number: number, work: () => Promise<void>) => {
    for (let n = 0; n < number; n += 1) await work()
  }
  const log = (filter: AuditFilter, limit = 1_000) => auditStore(stores.database).list(filter, { limit })

  it('has 100 entries of a day, and one that counts the others', async () => {
    await times(99, () => remove({}))
    await Promise.all(Array.from({ length: 5 }, (_, n) => remove({ target: `last_${n}` })))
    await remove({ target: 'job' }, { ...key, requestId: 'last', address: '127.0.0.2' })
    const { data } = await log({ tenantId: 'busy' })
    expect(data).toHaveLength(101)
    const counts = data.filter(({ target }) => target === null)
    expect(counts).toHaveLength(1)
    const [count] = counts
    expect(count).toMatchObject({
      ...{
        object: 'auditEntry',
        action: 'job.deleted',
        tenantId: 'busy',
        actor: { type: 'key', id: 'key_1' },
      },
      ...{ requestId: 'last', address: '127.0.0.2' },
      details: { changes: 5, count: 10, until: expect.any(String) },
    })
    expect(Date.parse(String(count.details.until))).toBeGreaterThanOrEqual(Date.parse(count.at))
  })

  it('is counted for each key, kind and tenant', async () => {
    const others = [
      { change: { tenantId: 'other' }, actor: key },
      { change: { tenantId: 'other', action: 'model.deleted', details: {} } as const, actor: key },
      { change: { tenantId: 'other' }, actor: { ...key, id: null, type: 'local' } as const },
    ]
    for (const { change, actor } of others) await times(101, () => remove(change, actor))
    const { data } = await log({ tenantId: 'other' })
    expect(data).toHaveLength(3 * 101)
    const counts = data.filter(({ target }) => target === null)
    expect(
      counts.map(({ action, actor, details }) => [action, actor.id, details.changes, details.count]),
    ).toEqual([
      ['job.deleted', null, 1, 2],
      ['model.deleted', 'key_1', 1, undefined],
      ['job.deleted', 'key_1', 1, 2],
    ])
  })

  it('begins again on the next day, and is listed by the times of its changes', async () => {
    await times(102, () => remove({ tenantId: 'daily' }))
    // The trigger refuses this change of a day.
    await unguarded(`UPDATE "AuditCount" SET day = day - 1, at = at - interval '1 day',
      "lastAt" = "lastAt" - interval '20 hours' WHERE "tenantId" = 'daily'`)
    await remove({ tenantId: 'daily', target: 'of today' })
    const { data } = await log({ tenantId: 'daily' })
    expect(data).toHaveLength(102)
    expect(data[0]).toMatchObject({ target: 'of today', details: { count: 2 } })
    expect(data[101]).toMatchObject({ target: null, details: { changes: 2 } })
    const hoursAgo = (hours: number) => new Date(Date.now() - 3_600_000 * hours)
    const countsSince = async (since: Date) =>
      (await log({ tenantId: 'daily', since })).data.filter(({ target }) => target === null).length
    expect(await countsSince(hoursAgo(21))).toBe(1)
    expect(await countsSince(hoursAgo(19))).toBe(0)
    expect((await log({ tenantId: 'daily', until: hoursAgo(23) })).data).toHaveLength(1)
  })

  it('is read page by page', async () => {
    const ids: string[] = []
    let after: string | undefined
    do {
      const page = await auditStore(stores.database).list({ tenantId: 'other' }, { limit: 50, after })
      ids.push(...page.data.map(({ id }) => id))
      after = page.hasMore ? (page.lastId ?? undefined) : undefined
    } while (after !== undefined)
    expect(ids).toHaveLength(303)
    expect(new Set(ids).size).toBe(303)
  })

  it.each([
    ['lowered', 'UPDATE "AuditCount" SET changes = changes - 1'],
    ['given to another key', `UPDATE "AuditCount" SET changes = changes + 1, "actorId" = 'key_2'`],
    [
      'moved to another time',
      `UPDATE "AuditCount" SET changes = changes + 1, further = further + 1, at = now()`,
    ],
    ['deleted', 'DELETE FROM "AuditCount"'],
    ['truncated', 'TRUNCATE "AuditCount"'],
  ])('has a count that cannot be %s', async (_, text) => {
    await expect(stores.database.$executeRawUnsafe(text)).rejects.toThrow('append-only')
  })

  it('is counted for the days of the retention, and no longer than needed', async () => {
    const insert = (tenant: string, days: number, at: string) =>
      stores.database.$executeRawUnsafe(`INSERT INTO "AuditCount"
        ("tenantId", "actorType", "actorId", action, day, id, at, "lastAt", further)
        SELECT '${tenant}', 'key', 'key_' || n, 'job.deleted', (now() AT TIME ZONE 'UTC')::date - ${days},
          CASE WHEN ${at} IS NOT NULL THEN nextval('"AuditEntry_id_seq"') END, ${at}, ${at}, CASE WHEN ${at} IS NOT NULL THEN 1 END
        FROM generate_series(1, 1001) AS n`)
    await insert('expired', 11, `now() - interval '11 days'`)
    await insert('kept', 10, `now() - interval '10 days'`)
    await insert('few', 2, 'NULL::timestamptz')
    await insert('few of yesterday', 1, 'NULL::timestamptz')
    await auditStore(stores.database, 10).cleanUp()
    const left = async (tenantId: string) => stores.database.auditCount.count({ where: { tenantId } })
    expect(await left('expired')).toBe(0)
    expect(await left('kept')).toBe(1_001)
    expect(await left('few')).toBe(0)
    expect(await left('few of yesterday')).toBe(1_001)
  })
})

async function unguarded(text: string): Promise<void> {
  await stores.database.$executeRawUnsafe('ALTER TABLE "AuditCount" DISABLE TRIGGER "keepAuditCounts"')
  await stores.database.$executeRawUnsafe(text)
  await stores.database.$executeRawUnsafe('ALTER TABLE "AuditCount" ENABLE TRIGGER "keepAuditCounts"')
}
