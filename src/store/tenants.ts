/** Tenants: their own limits, and their use. */
import { z } from 'zod'
import { ownLimitsSchema } from '../contract/limits.js'
import type { TenantStore } from '../training/ports/tenants.js'
import type { Database } from './database.js'
import { send, statement } from './statements.js'
import { tenantAdministration } from './tenant-administration.js'
import { readUse } from './tenant-limits.js'

/** Sent every second by each open API process. */
const limitsStatement = statement(
  'ownLimits',
  z.strictObject({ limits: z.unknown() }),
  'SELECT limits FROM "Tenant" WHERE id = $1',
)

export function tenantStore(database: Database): TenantStore {
  return {
    async ownLimits(id) {
      const [row] = await send(database.pool, limitsStatement, [id])
      return ownLimitsSchema.parse(row?.limits ?? {})
    },

    changeLimits: tenantAdministration(database).changeLimits,

    async use(tenantId) {
      return (await readUse(database, tenantId)).use
    },
  }
}
