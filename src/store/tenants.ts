/** Tenants: what limits they have of their own, and what they have used of them. */
import { localTenant } from '../contract/key.js'
import { ownLimitsSchema } from '../contract/limits.js'
import type { TenantStore } from '../training/ports.js'
import type { Database } from './database.js'
import { readUse } from './tenant-limits.js'

export function tenantStore(database: Database): TenantStore {
  return {
    async ownLimits(id) {
      const row = await database.tenant.findUnique({ where: { id }, select: { limits: true } })
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
