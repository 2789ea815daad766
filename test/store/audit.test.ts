/** The audit log is append-only, is written with the change, and ends by its retention. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { audit, auditStore } from '../../src/store/audit.js'
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
