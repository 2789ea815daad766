/**
 * Aliases of versions. A move locks the row of the name, so that moves and the checks of their preconditions happen one
 * after the other. A lookup of a model by an alias reads one row of "Alias", so it sees a move completely or not at all.
 */
import { z } from 'zod'
import { Problem } from '../contract/problems.js'
import { type Alias, type AliasMove, aliasMoveSchema, registryLimits } from '../contract/registry.js'
import type { AliasStore, Mover, Precondition } from '../training/ports/registry.js'
import type { Database, Prisma } from './database.js'
import type { Alias as AliasRow } from './generated/client.js'
import { cursorNumber, pageByPosition } from './pages.js'
import { idRow, noRow, query, statement } from './statements.js'

interface AliasReference {
  name: string
  alias: string
}

const lockNameStatement = statement(
  'lockName',
  z.strictObject({ name: z.string() }),
  'SELECT name FROM "RegisteredName" WHERE "tenantId" = $1 AND name = $2 FOR UPDATE',
)

/** $1 tenant, $2 name, $3 alias, $4 action, $5 and $6 the versions before and after, $7 key. */
const moveStatement = statement(
  'recordMove',
  z.strictObject({ id: z.string() }),
  `INSERT INTO "AliasMove" ("tenantId", name, alias, action, "fromVersion", "toVersion", "keyId")
    VALUES ($1, $2, $3, $4, $5::int, $6::int, $7) RETURNING id::text AS id`,
)

/** $1 tenant, $2 name, $3 alias, $4 version, $5 model, $6 move, $7 key. */
const pointStatement = statement(
  'pointAlias',
  noRow,
  `INSERT INTO "Alias" ("tenantId", name, alias, version, "modelId", "moveId", "keyId")
    VALUES ($1, $2, $3, $4::int, $5, $6::bigint, $7)
    ON CONFLICT ("tenantId", name, alias) DO UPDATE SET version = excluded.version, "modelId" = excluded."modelId",
      "moveId" = excluded."moveId", "movedAt" = now(), "keyId" = excluded."keyId"`,
)

/** Deletes all but the most recent moves of an alias. */
const forgetStatement = statement(
  'forgetMoves',
  noRow,
  `DELETE FROM "AliasMove" WHERE "tenantId" = $1 AND name = $2 AND alias = $3 AND id <= (
      SELECT id FROM "AliasMove" WHERE "tenantId" = $1 AND name = $2 AND alias = $3
      ORDER BY id DESC OFFSET ${registryLimits.moves} LIMIT 1)`,
)

/** $4 the move before which the page begins, $5 limit. */
const historyStatement = statement(
  'aliasHistory',
  z.strictObject({
    id: z.string(),
    action: aliasMoveSchema.shape.action,
    from: z.int().nullable(),
    to: z.int().nullable(),
    keyId: z.string().nullable(),
    createdAt: z.date(),
  }),
  `SELECT id::text AS id, action, "fromVersion" AS "from", "toVersion" AS "to", "keyId", "createdAt" FROM "AliasMove"
    WHERE "tenantId" = $1 AND name = $2 AND alias = $3 AND "AliasMove".id < $4::bigint
    ORDER BY "AliasMove".id DESC LIMIT $5::int`,
)

/** The model cannot be deleted until the end of the transaction. $1 model, $2 tenant. */
export const holdModelStatement = statement(
  'holdModel',
  idRow,
  'SELECT id FROM "Model" WHERE id = $1 AND "tenantId" = $2 FOR KEY SHARE',
)

export const unknownVersion = (name: string, version: number) =>
  new Problem('not-found', `There is no version ${version} of ${name}.`)
export const unknownName = (name: string) =>
  new Problem('not-found', `There is no name ${name} in the registry.`)
const unknownAlias = ({ name, alias }: AliasReference) =>
  new Problem('not-found', `There is no alias ${name}@${alias}.`)

/** Until the end of the transaction. @throws Problem `not-found` */
export async function lockName(
  client: Prisma.TransactionClient,
  tenantId: string,
  name: string,
): Promise<void> {
  const [found] = await query(client, lockNameStatement, [tenantId, name])
  if (found === undefined) throw unknownName(name)
}

function toAlias({ name, alias, version, modelId, moveId, movedAt, keyId }: AliasRow): Alias {
  const self = `/registry/${name}/aliases/${alias}`
  return {
    object: 'alias',
    name,
    alias,
    version,
    modelId,
    etag: entityTag(moveId),
    movedAt: movedAt.toISOString(),
    keyId,
    links: { self, history: `${self}/history`, model: `/models/${modelId}` },
  }
}

const entityTag = (moveId: bigint) => `"${moveId}"`

/** RFC 9110, section 13.1: strong comparison. @throws Problem */
function checkPrecondition(
  reference: AliasReference,
  row: AliasRow | null,
  { ifMatch, ifNoneMatch }: Precondition,
): void {
  const name = `${reference.name}@${reference.alias}`
  const tag = row === null ? null : entityTag(row.moveId)
  const tags = (header: string) => header.split(',').map((each) => each.trim())
  if (ifNoneMatch !== undefined && row !== null) {
    const isExcluded = ifNoneMatch.trim() === '*' || tags(ifNoneMatch).some((each) => each === tag)
    if (!isExcluded) return
    throw new Problem(
      'precondition-failed',
      `${name} exists: its version is ${row.version}, its etag ${tag}.`,
    )
  }
  if (ifMatch === undefined) {
    if (row === null) return
    const message = `${name} exists: send its etag in if-match (GET /registry/${reference.name}/aliases/${reference.alias}).`
    throw new Problem('precondition-required', message)
  }
  if (row === null) throw new Problem('precondition-failed', `${name} does not exist.`)
  if (ifMatch.trim() === '*' || tags(ifMatch).some((each) => each === tag)) return
  const message = `${name} has moved: its version is ${row.version}, its etag ${tag}, not ${ifMatch}.`
  throw new Problem('precondition-failed', message)
}

/** With the aliases of names, in alphabetical order. */
export function aliasStore(
  database: Database,
  tenantId: string,
): AliasStore & { aliasesByName(names: readonly string[]): Promise<Alias[]> } {
  const findAlias = (client: Prisma.TransactionClient, { name, alias }: AliasReference) =>
    client.alias.findUnique({ where: { tenantId_name_alias: { tenantId, name, alias } } })

  const requireAlias = async (client: Prisma.TransactionClient, reference: AliasReference) => {
    const row = await findAlias(client, reference)
    if (row === null) throw unknownAlias(reference)
    return row
  }

  const pointTo = async (client: Prisma.TransactionClient, change: AliasChange): Promise<Alias> => {
    const { reference, before, version, action, keyId } = change
    const modelId = await availableModel(client, tenantId, reference.name, version)
    const values = [tenantId, reference.name, reference.alias]
    const moved = [...values, action, before?.version ?? null, version, keyId]
    const [{ id }] = await query(client, moveStatement, moved)
    await query(client, pointStatement, [...values, version, modelId, id, keyId])
    await query(client, forgetStatement, values)
    return toAlias(await requireAlias(client, reference))
  }

  return {
    async aliasesByName(names) {
      const where = { tenantId, name: { in: [...names] } }
      const rows = await database.alias.findMany({ where, orderBy: { alias: 'asc' } })
      return rows.map(toAlias)
    },

    async alias(name, alias) {
      return toAlias(await requireAlias(database, { name, alias }))
    },

    async move(reference, version, precondition, keyId) {
      return database.inTransaction(tenantId, async (client) => {
        await lockName(client, tenantId, reference.name)
        const before = await findAlias(client, reference)
        checkPrecondition(reference, before, precondition)
        if (before?.version === version) return { alias: toAlias(before), isNew: false }
        if (before === null) await checkRoom(client, tenantId, reference)
        const action = before === null ? 'created' : 'moved'
        const alias = await pointTo(client, { reference, before, version, action, keyId })
        return { alias, isNew: before === null }
      })
    },

    async rollback(reference, precondition, keyId) {
      return database.inTransaction(tenantId, async (client) => {
        await lockName(client, tenantId, reference.name)
        const before = await requireAlias(client, reference)
        checkPrecondition(reference, before, precondition)
        const last = await client.aliasMove.findUnique({ where: { id: before.moveId } })
        if (last === null || last.fromVersion === null) {
          const message = `${reference.name}@${reference.alias} has no version before ${before.version}.`
          throw new Problem('version-unavailable', message)
        }
        return pointTo(client, {
          reference,
          before,
          version: last.fromVersion,
          action: 'rolledBack',
          keyId,
        })
      })
    },

    async remove(reference, precondition, keyId) {
      const { name, alias } = reference
      await database.inTransaction(tenantId, async (client) => {
        await lockName(client, tenantId, name)
        const before = await requireAlias(client, reference)
        checkPrecondition(reference, before, precondition)
        await query(client, moveStatement, [tenantId, name, alias, 'deleted', before.version, null, keyId])
        await client.alias.delete({ where: { tenantId_name_alias: { tenantId, name, alias } } })
      })
    },

    async history({ name, alias }, { limit, after }) {
      const before = cursorNumber(after, Number.MAX_SAFE_INTEGER)
      const rows = await query(database, historyStatement, [tenantId, name, alias, before, limit + 1])
      if (rows.length === 0 && after === undefined) throw unknownAlias({ name, alias })
      const toMove = ({ createdAt, ...row }: (typeof rows)[number]): AliasMove => {
        return { object: 'aliasMove', ...row, createdAt: createdAt.toISOString() }
      }
      return pageByPosition(rows, { limit }, toMove, ({ id }) => id)
    },
  }
}

interface AliasChange {
  reference: AliasReference
  before: AliasRow | null
  version: number
  action: AliasMove['action']
  keyId: Mover
}

/** The model of a version that an alias may point at; it cannot be deleted until the end of the transaction. @throws Problem */
async function availableModel(
  client: Prisma.TransactionClient,
  tenantId: string,
  name: string,
  version: number,
): Promise<string> {
  const row = await client.modelVersion.findUnique({
    where: { tenantId_name_version: { tenantId, name, version } },
  })
  if (row === null) throw unknownVersion(name, version)
  if (row.archivedAt !== null) {
    const message = `Version ${version} of ${name} is archived: set its status to candidate first.`
    throw new Problem('version-unavailable', message)
  }
  const [held] = row.modelId === null ? [] : await query(client, holdModelStatement, [row.modelId, tenantId])
  if (held !== undefined) return held.id
  throw new Problem('version-unavailable', `The model of version ${version} of ${name} was deleted.`)
}

/** @throws Problem `registry-full` */
async function checkRoom(
  client: Prisma.TransactionClient,
  tenantId: string,
  { name }: AliasReference,
): Promise<void> {
  const aliases = await client.alias.count({ where: { tenantId, name } })
  if (aliases < registryLimits.aliases) return
  const message = `${name} has ${aliases} aliases; the limit is ${registryLimits.aliases}. Delete one first.`
  throw new Problem('registry-full', message)
}
