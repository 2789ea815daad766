/** Tenants: what limits they have of their own, and what they have used of them. */
import { localTenant } from '../contract/key.js'
import { ownLimitsSchema } from '../contract/limits.js'
import type { TenantStore } from '../training/ports/tenants.js'
import { type Database, type Statement, send } from './database.js'
import { readUse } from './tenant-limits.js'

/** Asked every second by each API process that is open. */
const limitsStatement: Statement = { name: 'ownLimits', text: 'SELECT limits FROM "Tenant" WHERE id = $1' }

export function tenantStore(database: Database): TenantStore {
  return {
    async ownLimits(id) {
      const [row] = await send<{ limits: unknown }>(database.pool, limitsStatement, [id])
      return ownLimitsSchema.parse(row?.limits ?? {})
    },

    async changeLimits(id, changes) {
      const isSet = Object.entries(changes).filter(([, value]) => value !== null)
      const isUnset = Object.entries(changes).flatMap(([name, value]) => (value === null ? [name] : []))
      if (id === localTenant) await database.tenant.upsert({ where: { id }, create: { id }, update: {} })
      return (
        (await database.$executeRaw`
          UPDATE "Tenant" SET limits = (limits || ${Object.fromEntries(isSet)}::jsonb) - ${isUnset}::text[]
          WHERE id = ${id}`) > 0
      )
    },

    async use(tenantId) {
      return (await readUse(database, tenantId)).use
    },
  }
}
