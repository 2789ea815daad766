/** The registry: names of a tenant and the versions of each. Aliases are in aliases.ts. */
import { z } from 'zod'
import { Problem, unknownModel } from '../contract/problems.js'
import {
  type Alias,
  currentAlias,
  type ModelVersion,
  type RegisteredModel,
  registryLimits,
  versionStatusSchema,
} from '../contract/registry.js'
import type { Registry, RegistryStore } from '../training/ports/registry.js'
import { aliasStore, holdModelStatement, lockName, unknownName, unknownVersion } from './aliases.js'
import { audit } from './audit.js'
import type { Database } from './database.js'
import { cursorNumber, pageByPosition } from './pages.js'
import { noRow, query, statement } from './statements.js'
import { lockStatement } from './tenant-limits.js'

const versionRow = z.strictObject({
  name: z.string(),
  version: z.int(),
  modelId: z.string().nullable(),
  status: versionStatusSchema,
  aliases: z.array(z.string()),
  keyId: z.string().nullable(),
  createdAt: z.date(),
})

/** `condition` selects rows of "ModelVersion" AS own. */
const selectVersions = (condition: string) => `
    SELECT name, version, "modelId", "keyId", "createdAt", aliases, status
    FROM "ModelVersion" AS own CROSS JOIN LATERAL (
      SELECT ARRAY(SELECT alias FROM "Alias" WHERE "Alias"."tenantId" = own."tenantId" AND "Alias".name = own.name
        AND "Alias".version = own.version ORDER BY alias) AS aliases
    ) AS pointing CROSS JOIN LATERAL (
      SELECT CASE WHEN "archivedAt" IS NOT NULL THEN 'archived' WHEN '${currentAlias}' = ANY(aliases) THEN 'current'
        ELSE 'candidate' END AS status
    ) AS described
    WHERE ${condition}`

/** $1 tenant, $2 name, $3 version. */
const versionStatement = statement(
  'modelVersion',
  versionRow,
  selectVersions('"tenantId" = $1 AND name = $2 AND version = $3::int'),
)

/** $1 tenant, $2 name, $3 the version before which the page begins, $4 status or null, $5 limit. */
const versionsStatement = statement(
  'modelVersions',
  versionRow,
  `${selectVersions('"tenantId" = $1 AND name = $2 AND version < $3::int AND ($4::text IS NULL OR status = $4)')}
    ORDER BY version DESC LIMIT $5::int`,
)

/** $1 tenant, $2 model. */
const versionsOfStatement = statement(
  'versionsOfModel',
  versionRow,
  `${selectVersions('"tenantId" = $1 AND "modelId" = $2')} ORDER BY name`,
)

/** $1 tenant, $2 name, $3 model, $4 key. */
const registerStatement = statement(
  'registerVersion',
  z.strictObject({ number: z.int(), isNew: z.boolean() }),
  'SELECT number, "isNew" FROM "registerVersion"($1, $2, $3, $4)',
)

const archiveStatement = statement(
  'archiveVersion',
  noRow,
  `UPDATE "ModelVersion" SET "archivedAt" = CASE WHEN $4::bool THEN coalesce("archivedAt", now()) END
    WHERE "tenantId" = $1 AND name = $2 AND version = $3::int`,
)

type VersionRow = z.infer<typeof versionRow>

function toVersion({ createdAt, ...row }: VersionRow): ModelVersion {
  return {
    object: 'modelVersion',
    ...row,
    createdAt: createdAt.toISOString(),
    links: {
      self: `/registry/${row.name}/versions/${row.version}`,
      model: row.modelId === null ? null : `/models/${row.modelId}`,
    },
  }
}

export function registryStore(database: Database): Registry {
  return {
    of(tenantId) {
      const aliases = aliasStore(database, tenantId)
      return { ...tenantNames(database, tenantId, aliases), ...aliases }
    },
  }
}

function toRegistered(
  { name, lastVersion, createdAt }: { name: string; lastVersion: number; createdAt: Date },
  aliases: Alias[],
): RegisteredModel {
  const self = `/registry/${name}`
  return {
    object: 'registeredModel',
    name,
    lastVersion,
    aliases,
    createdAt: createdAt.toISOString(),
    links: { self, versions: `${self}/versions` },
  }
}

function tenantNames(
  database: Database,
  tenantId: string,
  { aliasesByName }: Pick<ReturnType<typeof aliasStore>, 'aliasesByName'>,
): RegistryStore {
  const readVersion = async (name: string, version: number): Promise<ModelVersion> => {
    const [row] = await query(database, versionStatement, [tenantId, name, version])
    if (row === undefined) throw unknownVersion(name, version)
    return toVersion(row)
  }

  const requireName = async (name: string) => {
    const row = await database.registeredName.findUnique({ where: { tenantId_name: { tenantId, name } } })
    if (row === null) throw unknownName(name)
    return row
  }

  return {
    async register(name, modelId, keyId) {
      const { number, isNew } = await database.inTransaction(tenantId, async (client) => {
        await query(client, lockStatement, [JSON.stringify(['names of', tenantId])])
        const [model] = await query(client, holdModelStatement, [modelId, tenantId])
        if (model === undefined) throw unknownModel(modelId)
        const [registered] = await query(client, registerStatement, [tenantId, name, modelId, keyId])
        const names = registered.number === 1 ? await client.registeredName.count({ where: { tenantId } }) : 0
        checkRoom(name, registered.number, names)
        return registered
      })
      return { version: await readVersion(name, number), isNew }
    },

    async checkRoom(name) {
      const row = await database.registeredName.findUnique({ where: { tenantId_name: { tenantId, name } } })
      const names = row === null ? await database.registeredName.count({ where: { tenantId } }) : 0
      checkRoom(name, (row?.lastVersion ?? 0) + 1, row === null ? names + 1 : 0)
    },

    async names({ limit, after }) {
      const rows = await database.registeredName.findMany({
        where: { tenantId, ...(after === undefined ? {} : { name: { gt: after } }) },
        orderBy: { name: 'asc' },
        take: limit + 1,
      })
      const aliases = await aliasesByName(rows.slice(0, limit).map(({ name }) => name))
      return pageByPosition(
        rows,
        { limit },
        (row) =>
          toRegistered(
            row,
            aliases.filter(({ name }) => name === row.name),
          ),
        ({ name }) => name,
      )
    },

    async find(name) {
      return toRegistered(await requireName(name), await aliasesByName([name]))
    },

    async delete(name, actor = null) {
      await database.inTransaction(tenantId, async (client) => {
        await lockName(client, tenantId, name)
        const [alias] = await client.alias.findMany({ where: { tenantId, name }, take: 1 })
        if (alias !== undefined) {
          throw new Problem('model-in-use', `${name} has the alias ${alias.alias}: delete the alias first.`)
        }
        const versions = await client.modelVersion.count({ where: { tenantId, name } })
        await client.registeredName.delete({ where: { tenantId_name: { tenantId, name } } })
        const change = { tenantId, target: name, details: { versions } }
        await audit(client, actor, { action: 'registeredModel.deleted', ...change })
      })
    },

    async versions(name, { limit, after, status }) {
      await requireName(name)
      const before = cursorNumber(after, 2 ** 31 - 1)
      const rows = await query(database, versionsStatement, [
        tenantId,
        name,
        before,
        status ?? null,
        limit + 1,
      ])
      return pageByPosition(rows, { limit }, toVersion, ({ version }) => String(version))
    },

    version: readVersion,

    async modelVersions(modelId) {
      return (await query(database, versionsOfStatement, [tenantId, modelId])).map(toVersion)
    },

    async setArchived(name, version, isArchived) {
      await database.inTransaction(tenantId, async (client) => {
        await lockName(client, tenantId, name)
        const [row] = await query(client, versionStatement, [tenantId, name, version])
        if (row === undefined) throw unknownVersion(name, version)
        const [alias] = row.aliases
        if (isArchived && alias !== undefined) {
          const message = `The alias ${name}@${alias} points at version ${version}: move it first.`
          throw new Problem('model-in-use', message)
        }
        await query(client, archiveStatement, [tenantId, name, version, isArchived])
      })
      return readVersion(name, version)
    },
  }
}

/** @throws Problem `registry-full`. @param names of the tenant, if the name may be new */
function checkRoom(name: string, version: number, names: number): void {
  if (names > registryLimits.names) {
    const message = `The tenant would have ${names} names; the limit is ${registryLimits.names}. Delete one first.`
    throw new Problem('registry-full', message)
  }
  if (version > registryLimits.versions) {
    const message = `This would be version ${version} of ${name}; the limit is ${registryLimits.versions}. Use another name.`
    throw new Problem('registry-full', message)
  }
}
