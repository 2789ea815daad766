/**
 * Keys and models by id, models by name, and the versions of their rows. All lookups of a moment share one statement, and
 * those by name another that is sent at the same time.
 */
import { z } from 'zod'
import type { ModelReference } from '../contract/registry.js'
import { Coalesced } from './coalesced.js'
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
    suspendedReason: z.null(),
  }),
  /** A key that is neither revoked nor expired, with the limits of its tenant. */
  z.strictObject({
    ...found,
    kind: z.literal('key'),
    sha256: z.string(),
    scopes: z.array(z.string()),
    models: z.array(z.string()),
    limits: z.unknown(),
    suspendedReason: z.string().nullable(),
  }),
])

/** A model that was looked up by name. */
const namedSchema = z.strictObject({
  ...found,
  kind: z.literal('named'),
  place: z.int().describe('of the name in the request, from 0'),
  number: z.int().describe('the version in the registry'),
})

/** $1 ids. `version` has the transaction ids that wrote the row, and the row of the key's tenant. */
const idsStatement = statement(
  'lookups',
  foundSchema,
  `
    SELECT 'model' AS kind, id, "tenantId", xmin::text AS version,
      NULL AS sha256, NULL::text[] AS scopes, NULL::text[] AS models, NULL::jsonb AS limits, NULL AS "suspendedReason"
    FROM "Model" WHERE id = ANY($1::text[])
    UNION ALL
    SELECT 'key', "Key".id, "tenantId", "Key".xmin::text || ' ' || "Tenant".xmin::text, sha256, scopes, models, limits,
      "suspendedReason"
    FROM "Key" JOIN "Tenant" ON "Tenant".id = "Key"."tenantId"
    WHERE "Key".id = ANY($1::text[]) AND ${isLive}`,
)

/**
 * $1 names: each has the key of the request, whose tenant has the name, or the tenant; and an alias or the number of a
 * version. JSON, because PostgreSQL estimates the same rows for any text and so keeps the plan; it would plan for each array.
 */
const namesStatement = statement(
  'namedLookups',
  namedSchema,
  `
    SELECT 'named' AS kind, model.id, model."tenantId", model.version, asked.place, target.version AS number
    FROM json_to_recordset($1::json)
      AS asked("keyId" text, "tenantId" text, name text, alias text, number int, place int)
    CROSS JOIN LATERAL (
      SELECT coalesce(asked."tenantId", (SELECT "tenantId" FROM "Key" WHERE "Key".id = asked."keyId")) AS id
    ) AS owner CROSS JOIN LATERAL (
      SELECT "modelId", version FROM "Alias"
      WHERE "tenantId" = owner.id AND name = asked.name AND alias = asked.alias
      UNION ALL
      SELECT "modelId", version FROM "ModelVersion"
      WHERE "tenantId" = owner.id AND name = asked.name AND version = asked.number
    ) AS target CROSS JOIN LATERAL (
      SELECT id, "tenantId", xmin::text AS version FROM "Model" WHERE id = target."modelId" LIMIT 1
    ) AS model`,
)

/** The tenant that has a name: of a key, which is not verified yet, or by its id. */
export type Owner = { keyId: string } | { tenantId: string }
type NamedReference = Exclude<ModelReference, { type: 'id' }>

/** An id, or a name of a tenant. */
export type Lookup = string | { reference: NamedReference; owner: Owner }
export type Found = z.infer<typeof foundSchema> | z.infer<typeof namedSchema>
export type Lookups = Coalesced<Lookup, Found | undefined>

const lookups = new WeakMap<Pick<Database, 'pool'>['pool'], Lookups>()

/** One instance per database, so that all stores share its statements. */
export function sharedLookups({ pool }: Pick<Database, 'pool'>): Lookups {
  const existing = lookups.get(pool)
  if (existing !== undefined) return existing
  const created: Lookups = new Coalesced(async (items) => {
    const ids = new Set<string>()
    const names: Exclude<Lookup, string>[] = []
    for (const item of items) {
      if (typeof item === 'string') ids.add(item)
      else names.push(item)
    }
    const [rows, named] = await Promise.all([
      ids.size === 0 ? [] : send(pool, idsStatement, [[...ids]]),
      names.length === 0 ? [] : send(pool, namesStatement, [namesAsJson(names)]),
    ])
    const byId = new Map(rows.map((row) => [row.id, row]))
    const byName = new Map(named.map((row) => [names[row.place], row]))
    return items.map((item) => (typeof item === 'string' ? byId.get(item) : byName.get(item)))
  })
  lookups.set(pool, created)
  return created
}

function namesAsJson(names: readonly Exclude<Lookup, string>[]): string {
  return JSON.stringify(
    names.map(({ owner, reference }, place) => ({
      ...owner,
      name: reference.name,
      ...(reference.type === 'alias' ? { alias: reference.alias } : { number: reference.version }),
      place,
    })),
  )
}
