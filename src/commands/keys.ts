/** `npm run keys`: manages keys and limits of tenants, in the embedded database or the one of DATABASE_URL. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { type Config, defaultLimits, readConfig } from '../config.js'
import { type Key, keyModelSchema, maximumKeyModels, type Scope, scopeSchema } from '../contract/key.js'
import { type Database, openDatabase } from '../store/database.js'
import { FolderInUseError, findEmbeddedPostgres, startEmbeddedPostgres } from '../store/embedded-postgres.js'
import { keyStore } from '../store/keys.js'
import { applyMigrations, migrationsDirectory } from '../store/migrations.js'
import { tenantStore } from '../store/tenants.js'
import { makeKey } from '../training/key-text.js'
import type { KeyStore } from '../training/ports/keys.js'
import { limitsUsage, showOrChange } from './limits.js'
import { readOption, readTenant, UsageError } from './options.js'

const usage = `npm run keys -- create --tenant NAME --scopes SCOPE,SCOPE [--expires 90d]
npm run keys -- create --tenant NAME --predict-only --models MODEL_ID,NAME@ALIAS [--expires 90d]
npm run keys -- list
npm run keys -- revoke KEY_ID
npm run keys -- delete KEY_ID        deletes a revoked or expired key
${limitsUsage}
Scopes: ${scopeSchema.options.join(' ')}; a write scope includes its read scope.`

async function run(database: Database, config: Config, [command, ...rest]: string[]): Promise<void> {
  const keys = keyStore(database)
  switch (command) {
    case 'create':
      return create(keys, rest)
    case 'list':
      return list(keys)
    case 'revoke': {
      const id = onlyId(rest)
      if (!(await keys.revoke(id))) throw new Error(`There is no key ${id}, or it is already revoked.`)
      console.log(`${id} is revoked; its streams end within seconds.`)
      return
    }
    case 'delete': {
      const id = onlyId(rest)
      if (!(await keys.delete(id)))
        throw new Error(`There is no key ${id}, or it is still valid: revoke it first.`)
      console.log(`${id} is deleted.`)
      return
    }
    case 'limits':
      return showOrChange(tenantStore(database), defaultLimits(config), rest)
    default:
      throw new UsageError(command === undefined ? 'No command was given.' : `Unknown command: ${command}.`)
  }
}

async function create(keys: KeyStore, words: string[]): Promise<void> {
  const { tenant, expires, ...options } = readOptions(words)
  const { text, ...made } = makeKey()
  const key = await keys.create({
    ...made,
    tenantId: readTenant(tenant),
    ...readPermissions(options),
    days: expires === undefined ? null : readDays(expires),
  })
  console.log(`${key.id} for tenant ${key.tenantId} ${ending(key)}.`)
  console.log('Send it as `Authorization: Bearer …`. It is shown only once:\n')
  console.log(text)
}

function readOptions(words: string[]) {
  try {
    return parseArgs({
      args: words,
      options: {
        tenant: { type: 'string' },
        scopes: { type: 'string' },
        'predict-only': { type: 'boolean' },
        models: { type: 'string' },
        expires: { type: 'string' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

type Permissions = Pick<ReturnType<typeof readOptions>, 'scopes' | 'predict-only' | 'models'>

function readPermissions({ scopes, models, ...options }: Permissions): { scopes: Scope[]; models: string[] } {
  if (options['predict-only'] !== true) {
    if (models !== undefined) throw new UsageError('--models requires --predict-only, and excludes --scopes.')
    return { scopes: readList(scopes ?? '', (each) => readOption(scopeSchema, '--scopes', each)), models: [] }
  }
  if (scopes !== undefined)
    throw new UsageError('--predict-only and --scopes cannot be combined: use one of them.')
  if (models === undefined) throw new UsageError('--predict-only requires --models.')
  const listed = readList(models, (each) => readOption(keyModelSchema, '--models', each))
  if (listed.length > maximumKeyModels) {
    throw new UsageError(`--models has ${listed.length} models; a key may have at most ${maximumKeyModels}.`)
  }
  return { scopes: ['models:predict'], models: listed }
}

const readList = <T>(text: string, read: (each: string) => T): T[] =>
  text.split(',').map((each) => read(each.trim()))

/** Converts `90d` or `12h` to days. */
function readDays(text: string): number {
  const [, number, unit] = /^(\d{1,4})([dh])$/.exec(text) ?? []
  if (number === undefined || Number(number) === 0)
    throw new UsageError(`--expires ${text}: use days or hours, such as 90d or 12h`)
  return Number(number) / (unit === 'h' ? 24 : 1)
}

function onlyId([id, ...more]: string[]): string {
  if (id === undefined || more.length > 0) throw new UsageError('One argument is expected: the id of a key.')
  return id
}

async function list(keys: KeyStore): Promise<void> {
  const found = await keys.list()
  if (found.length === 0) console.log('There are no keys.')
  for (const key of found) console.log(listed(key).join('  '))
}

function listed(key: Key): string[] {
  const { id, tenantId, scopes, models } = key
  return [id, tenantId, scopes.join(','), ...(models.length === 0 ? [] : [models.join(',')]), ending(key)]
}

function ending({ revokedAt, expiresAt }: Key): string {
  if (revokedAt !== null) return `revoked ${revokedAt.toISOString()}`
  if (expiresAt === null) return 'without expiry'
  return `${expiresAt < new Date() ? 'expired' : 'until'} ${expiresAt.toISOString()}`
}

/** Runs `use` on the database. Starts the embedded PostgreSQL meanwhile, unless the service runs. */
async function reachDatabase(config: Config): Promise<{ connectionString: string; stop(): Promise<void> }> {
  if (config.DATABASE_URL !== undefined) {
    return { connectionString: config.DATABASE_URL, stop: async () => {} }
  }
  const directory = join(config.DATA_DIRECTORY, 'postgres')
  try {
    return await startEmbeddedPostgres({ directory, log: pino({ level: 'silent' }) })
  } catch (error) {
    const connectionString = error instanceof FolderInUseError ? findEmbeddedPostgres(directory) : undefined
    if (connectionString === undefined) throw error
    return { connectionString, stop: async () => {} }
  }
}

try {
  const config = readConfig()
  const { connectionString, stop } = await reachDatabase(config)
  try {
    await applyMigrations(connectionString, migrationsDirectory)
    const database = openDatabase(connectionString, { prisma: 1, statements: 1 })
    await run(database, config, process.argv.slice(2)).finally(() => database.$disconnect())
  } finally {
    await stop()
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  if (error instanceof UsageError) console.error(`\n${usage}`)
  process.exitCode = 1
}
