/** Tenants: their own limits, and their use. */
import { z } from 'zod'
import { localTenant } from '../contract/key.js'
import { ownLimitsSchema } from '../contract/limits.js'
import type { TenantStore } from '../training/ports/tenants.js'
import type { Database } from './database.js'
import { idRow, query, send, statement } from './statements.js'
import { readUse } from './tenant-limits.js'

/** Sent every second by each open API process. */
const limitsStatement = statement(
  'ownLimits',
  z.strictObject({ limits: z.unknown() }),
  'SELECT limits FROM "Tenant" WHERE id = $1',
)

/** $1 tenant, $2 limits to set, $3 names of limits to reset. */
const changeStatement = statement(
  'changeLimits',
  idRow,
  'UPDATE "Tenant" SET limits = (limits || $2::jsonb) - $3::text[] WHERE id = $1 RETURNING id',
)

export function tenantStore(database: Database): TenantStore {
  return {
    async ownLimits(id) {
      const [row] = await send(database.pool, limitsStatement, [id])
      return ownLimitsSchema.parse(row?.limits ?? {})
    },

    async changeLimits(id, changes) {
      const isSet = Object.entries(changes).filter(([, value]) => value !== null)
      const isUnset = Object.entries(changes).flatMap(([name, value]) => (value === null ? [name] : []))
      if (id === localTenant) await database.tenant.upsert({ where: { id }, create: { id }, update: {} })
      const values = [id, JSON.stringify(Object.fromEntries(isSet)), isUnset]
      return (await query(database, changeStatement, values)).length > 0
    },

    async use(tenantId) {
      return (await readUse(database, tenantId)).use
    },
  }
}
