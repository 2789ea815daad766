/** Keys and models by id, and the versions of their rows. All lookups of a moment share one statement. */
import { z } from 'zod'
import { type Coalesced, coalescedRows } from './coalesced.js'
import type { Database } from './database.js'
import { send, statement } from './statements.js'

/** By the database's clock. */
export const isLive = `"revokedAt" IS NULL AND ("expiresAt" IS NULL OR "expiresAt" > now())`

const found = { id: z.string(), tenantId: z.string(), version: z.string() }

const foundSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...found,
    kind: z.literal('model'),
    sha256: z.null(),
    scopes: z.null(),
    models: z.null(),
    limits: z.null(),
  }),
  /** A key that is neither revoked nor expired, with the limits of its tenant. */
  z.strictObject({
    ...found,
    kind: z.literal('key'),
    sha256: z.string(),
    scopes: z.array(z.string()),
    models: z.array(z.string()),
    limits: z.unknown(),
  }),
])

/** `version` has the transaction ids that wrote the row, and the row of the key's tenant. */
const lookupsStatement = statement(
  'lookups',
  foundSchema,
  `
    SELECT 'model' AS kind, id, "tenantId", xmin::text AS version,
      NULL AS sha256, NULL::text[] AS scopes, NULL::text[] AS models, NULL::jsonb AS limits
    FROM "Model" WHERE id = ANY($1::text[])
    UNION ALL
    SELECT 'key', "Key".id, "tenantId", "Key".xmin::text || ' ' || "Tenant".xmin::text, sha256, scopes, models, limits
    FROM "Key" JOIN "Tenant" ON "Tenant".id = "Key"."tenantId"
    WHERE "Key".id = ANY($1::text[]) AND ${isLive}`,
)

export type Lookups = Coalesced<string, z.infer<typeof foundSchema> | undefined>

const lookups = new WeakMap<Pick<Database, 'pool'>['pool'], Lookups>()

/** One instance per database, so that all stores share its statements. */
export function sharedLookups({ pool }: Pick<Database, 'pool'>): Lookups {
  const existing = lookups.get(pool)
  if (existing !== undefined) return existing
  const created: Lookups = coalescedRows(async (ids) => {
    const rows = await send(pool, lookupsStatement, [ids])
    return new Map(rows.map((row) => [row.id, row]))
  })
  lookups.set(pool, created)
  return created
}
