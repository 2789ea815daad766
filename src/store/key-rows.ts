/** Rows of keys as the administration reads them. */
import { z } from 'zod'
import type { ApiKey } from '../contract/api-key.js'
import { scopeSchema } from '../contract/key.js'
import { isLive } from './lookups.js'

export const keyRow = z.strictObject({
  id: z.string(),
  tenantId: z.string(),
  name: z.string().nullable(),
  scopes: z.array(z.string()),
  models: z.array(z.string()),
  createdAt: z.date(),
  expiresAt: z.date().nullable(),
  revokedAt: z.date().nullable(),
  replacedBy: z.string().nullable(),
  live: z.boolean(),
})

export const keyColumns = `
  id, "tenantId", name, scopes, models, "createdAt", "expiresAt", "revokedAt", "replacedBy", (${isLive}) AS live`

export function toKey({ live, scopes, ...row }: z.infer<typeof keyRow>): ApiKey {
  return {
    ...row,
    object: 'key',
    scopes: scopes.map((scope) => scopeSchema.parse(scope)),
    status: live ? 'live' : row.revokedAt === null ? 'expired' : 'revoked',
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
    links: { self: `/admin/keys/${row.id}` },
  }
}
