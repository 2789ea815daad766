/** The commands of `npm run keys`: their words, and what each does with the database. */
import { type ApiKey, defaultKeyOverlapSeconds, keyRequestSchema } from '../contract/api-key.js'
import { keyModelSchema, maximumKeyModels, type Scope, scopeSchema } from '../contract/key.js'
import { makeKey } from '../training/key-text.js'
import type { Command, CommandDependencies } from './command.js'
import { limitsUsage, readLimitsCommand } from './limits.js'
import { readOption, readOptions, readTenant, UsageError } from './options.js'

export const usage = `npm run keys -- create --tenant NAME --scopes SCOPE,SCOPE [--expires 90d] [--name TEXT]
npm run keys -- create --first …       creates nothing if there is a key
npm run keys -- create --tenant NAME --predict-only --models MODEL_ID,NAME@ALIAS [--expires 90d]
npm run keys -- list
npm run keys -- rotate KEY_ID [--overlap 24h]   replaces a key, which stays valid for the overlap
npm run keys -- revoke KEY_ID
npm run keys -- delete KEY_ID        deletes a revoked or expired key
${limitsUsage}
Scopes: ${scopeSchema.options.join(' ')}; a write scope includes its read scope.`

/** @throws UsageError for words that are no command, before a database is opened */
export function readCommand([command, ...rest]: string[]): Command {
  switch (command) {
    case 'create':
      return readCreate(rest)
    case 'list':
      return list
    case 'revoke': {
      const id = onlyId(rest)
      return async ({ keys, actor }) => {
        if ((await keys.revoke(id, actor)) === null) throw new Error(`There is no key ${id}.`)
        console.log(`${id} is revoked; its streams end within seconds.`)
      }
    }
    case 'rotate':
      return readRotate(rest)
    case 'delete': {
      const id = onlyId(rest)
      return async ({ keys, actor }) => {
        if (!(await keys.delete(id, actor))) throw new Error(`There is no key ${id}.`)
        console.log(`${id} is deleted.`)
      }
    }
    case 'limits':
      return readLimitsCommand(rest)
    default:
      throw new UsageError(command === undefined ? 'No command was given.' : `Unknown command: ${command}.`)
  }
}

function readCreate(words: string[]): Command {
  const { tenant, expires, name, ...options } = readCreateOptions(words)
  const request = {
    tenantId: readTenant(tenant),
    ...readPermissions(options),
    name: name === undefined ? null : readOption(keyRequestSchema.shape.name, '--name', name),
    expiry: expires === undefined ? null : { days: readDays('--expires', expires) },
  }
  return async ({ keys, actor }) => {
    if (options.first === true && (await keys.listAll()).length > 0) {
      console.log('Nothing is created, because there is a key. `keys list` shows the keys.')
      return
    }
    const { text, ...made } = makeKey()
    show(await keys.create({ ...made, ...request }, actor), text)
  }
}

function readRotate([id, ...words]: string[]): Command {
  const { overlap } = readOptions({ args: words, options: { overlap: { type: 'string' } } })
  const days = overlap === undefined ? null : readDays('--overlap', overlap)
  const overlapSeconds = days === null ? defaultKeyOverlapSeconds : Math.round(days * 86_400)
  const keyId = onlyId(id === undefined ? [] : [id])
  return async ({ keys, actor }) => {
    const { text, ...made } = makeKey()
    const rotated = await keys.rotate(keyId, { ...made, overlapSeconds }, actor)
    if (rotated === null) throw new Error(`There is no key ${keyId}.`)
    console.log(`${keyId} is valid ${ending(rotated.previous)}.`)
    show(rotated.key, text)
  }
}

function show(key: ApiKey, text: string): void {
  console.log(`${key.id} for tenant ${key.tenantId} ${ending(key)}.`)
  console.log('Send it as `Authorization: Bearer …`. It is shown only once:\n')
  console.log(text)
}

const readCreateOptions = (args: string[]) =>
  readOptions({
    args,
    options: {
      tenant: { type: 'string' },
      scopes: { type: 'string' },
      'predict-only': { type: 'boolean' },
      models: { type: 'string' },
      expires: { type: 'string' },
      name: { type: 'string' },
      first: { type: 'boolean' },
    },
  })

type Permissions = Pick<ReturnType<typeof readCreateOptions>, 'scopes' | 'predict-only' | 'models'>

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
function readDays(option: string, text: string): number {
  const [, number, unit] = /^(\d{1,4})([dh])$/.exec(text) ?? []
  if (number === undefined || Number(number) === 0)
    throw new UsageError(`${option} ${text}: use days or hours, such as 90d or 12h`)
  return Number(number) / (unit === 'h' ? 24 : 1)
}

function onlyId([id, ...more]: string[]): string {
  if (id === undefined || more.length > 0) throw new UsageError('One argument is expected: the id of a key.')
  return id
}

async function list({ keys }: CommandDependencies): Promise<void> {
  const found = await keys.listAll()
  if (found.length === 0) console.log('There are no keys.')
  for (const key of found) console.log(listed(key).join('  '))
}

function listed(key: ApiKey): string[] {
  const { id, tenantId, scopes, models, name } = key
  const named = name === null ? [] : [name]
  return [
    id,
    tenantId,
    scopes.join(','),
    ...(models.length === 0 ? [] : [models.join(',')]),
    ending(key),
    ...named,
  ]
}

function ending({ revokedAt, expiresAt, status }: ApiKey): string {
  if (revokedAt !== null) return `revoked ${revokedAt}`
  if (expiresAt === null) return 'without expiry'
  return `${status === 'expired' ? 'expired' : 'until'} ${expiresAt}`
}
