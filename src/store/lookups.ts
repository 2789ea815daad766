/** What requests name by an id, keys and models, and what of it may change: looked for together, with one statement. */
import { type Coalesced, coalescedRows } from './coalesced.js'
import { type Database, type Statement, send } from './database.js'

/** By the clock of the database. */
export const isLive = `"revokedAt" IS NULL AND ("expiresAt" IS NULL OR "expiresAt" > now())`

/** `version` changes with every change of a row, and of a key's tenant: it names the transactions that wrote them. */
const statement: Statement = {
  name: 'lookups',
  text: `
    SELECT 'model' AS kind, id, "tenantId", xmin::text AS version,
      NULL AS sha256, NULL::text[] AS scopes, NULL::jsonb AS limits
    FROM "Model" WHERE id = ANY($1)
    UNION ALL
    SELECT 'key', "Key".id, "tenantId", "Key".xmin::text || ' ' || "Tenant".xmin::text, sha256, scopes, limits
    FROM "Key" JOIN "Tenant" ON "Tenant".id = "Key"."tenantId"
    WHERE "Key".id = ANY($1) AND ${isLive}`,
}

interface Found {
  id: string
  tenantId: string
  version: string
}

export interface FoundModel extends Found {
  kind: 'model'
}

/** One that is neither revoked nor expired. */
export interface FoundKey extends Found {
  kind: 'key'
  sha256: string
  scopes: string[]
  /** Its tenant's own. */
  limits: unknown
}

export type Lookups = Coalesced<string, FoundModel | FoundKey | undefined>

const lookups = new WeakMap<Pick<Database, 'pool'>['pool'], Lookups>()

/** The same for all stores of a database, so that they share statements. */
export function lookupsOf({ pool }: Pick<Database, 'pool'>): Lookups {
  const known = lookups.get(pool)
  if (known !== undefined) return known
  const made: Lookups = coalescedRows(async (ids) => {
    const rows = await send<FoundModel | FoundKey>(pool, statement, [ids])
    return new Map(rows.map((row) => [row.id, row]))
  })
  lookups.set(pool, made)
  return made
}
