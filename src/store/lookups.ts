/**
 * Keys and models by id, models by name, and the versions of their rows. All lookups of a moment share one statement.
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
    place: z.null(),
    number: z.null(),
  }),
  /** A model that was looked up by name. */
  z.strictObject({
    ...found,
    kind: z.literal('named'),
    sha256: z.null(),
    scopes: z.null(),
    models: z.null(),
    limits: z.null(),
    place: z.int().describe('of the name in the request, from 1'),
    number: z.int().describe('the version in the registry'),
  }),
  /** A key that is neither revoked nor expired, with the limits of its tenant. */
  z.strictObject({
    ...found,
    kind: z.literal('key'),
    sha256: z.string(),
    scopes: z.array(z.string()),
    models: z.array(z.string()),
    limits: z.unknown(),
    place: z.null(),
    number: z.null(),
  }),
])

/**
 * `version` has the transaction ids that wrote the row, and the row of the key's tenant. $1 ids. For each name: $2 the key of
 * the request, whose tenant has the name, or $3 the tenant; $4 name, $5 alias or $6 version.
 */
const lookupsStatement = statement(
  'lookups',
  foundSchema,
  `
    SELECT 'model' AS kind, id, "tenantId", xmin::text AS version,
      NULL AS sha256, NULL::text[] AS scopes, NULL::text[] AS models, NULL::jsonb AS limits,
      NULL::int AS place, NULL::int AS number
    FROM "Model" WHERE id = ANY($1::text[])
    UNION ALL
    SELECT 'key', "Key".id, "tenantId", "Key".xmin::text || ' ' || "Tenant".xmin::text, sha256, scopes, models, limits,
      NULL, NULL
    FROM "Key" JOIN "Tenant" ON "Tenant".id = "Key"."tenantId"
    WHERE "Key".id = ANY($1::text[]) AND ${isLive}
    UNION ALL
    SELECT 'named', model.id, model."tenantId", model.version, NULL, NULL, NULL, NULL, asked.place::int, target.version
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::int[])
      WITH ORDINALITY AS asked("keyId", "tenantId", name, alias, number, place)
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
export type NamedReference = Exclude<ModelReference, { type: 'id' }>

/** An id, or a name of a tenant. */
export type Lookup = string | { reference: NamedReference; owner: Owner }
export type Found = z.infer<typeof foundSchema>
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
    const rows = await send(pool, lookupsStatement, [[...ids], ...nameColumns(names)])
    const byId = new Map<string, Found>()
    const byName = new Map<Lookup, Found>()
    for (const row of rows) {
      if (row.kind === 'named') byName.set(names[row.place - 1], row)
      else byId.set(row.id, row)
    }
    return items.map((item) => (typeof item === 'string' ? byId.get(item) : byName.get(item)))
  })
  lookups.set(pool, created)
  return created
}

function nameColumns(names: readonly Exclude<Lookup, string>[]): unknown[] {
  const column = <T>(value: (name: Exclude<Lookup, string>) => T) => names.map(value)
  return [
    column(({ owner }) => ('keyId' in owner ? owner.keyId : null)),
    column(({ owner }) => ('tenantId' in owner ? owner.tenantId : null)),
    column(({ reference }) => reference.name),
    column(({ reference }) => (reference.type === 'alias' ? reference.alias : null)),
    column(({ reference }) => (reference.type === 'version' ? reference.version : null)),
  ]
}
