/** `descent admin keys`: single keys, and many from a file. */
import { readFileSync } from 'node:fs'
import { table } from '../../examples/chart.js'
import { ApiError, type Schemas } from '../../sdk/src/index.js'
import { addCommands, type Cli, connect, isStandard, note, print, type SharedOptions } from '../cli.js'
import { exitCodes, UsageError } from '../errors.js'
import { type KeyRow, readKeyRows, readScopes } from '../key-rows.js'
import { pageSize, printList, withLimit } from '../print-list.js'

export const addAdminKeys = (admin: Cli) =>
  admin.command('keys', 'List, create, rotate and revoke keys', (keys) =>
    addCommands(keys, [addList, addCreate, addRotate, addRevoke], 'Name a command of keys.'),
  )

const addList = (keys: Cli) =>
  keys.command(
    'list',
    'List keys, newest first',
    (command) =>
      withLimit(command).option('tenant', { type: 'string', describe: 'Only keys of this tenant' }),
    (options) =>
      printList(
        options,
        options.limit,
        connect(options).admin.keys.list({ tenant: options.tenant, limit: pageSize(options.limit) }),
        ['key', 'tenant', 'status', 'expires', 'scopes', 'name'],
        ({ id, tenantId, status, expiresAt, scopes, name }) => [
          id,
          tenantId,
          status,
          expiresAt ?? 'never',
          scopes.join(','),
          name ?? '',
        ],
      ),
  )

const addCreate = (keys: Cli) =>
  keys.command(
    'create [file]',
    'Create a key, or those of a CSV or JSON file',
    (command) =>
      command
        .positional('file', {
          type: 'string',
          describe:
            'CSV with the columns tenant, scopes, name, models and expires, or a JSON array of bodies',
        })
        .option('tenant', { type: 'string', describe: 'Tenant of the key' })
        .option('scopes', { type: 'string', describe: 'Scopes, separated by commas' })
        .option('name', { type: 'string', describe: 'Name of the key, for people' })
        .option('models', {
          type: 'string',
          describe: 'Models that the key may predict, separated by commas',
        })
        .option('expires', { type: 'string', describe: 'Time, or days such as 90d; default: never' })
        .conflicts('file', ['tenant', 'scopes', 'name', 'models', 'expires']),
    async (options) => {
      const { file, tenant, scopes } = options
      if (file !== undefined) return createMany(options, file)
      if (tenant === undefined || scopes === undefined)
        throw new UsageError('Name a file, or --tenant and --scopes.')
      const { name, models, expires } = options
      const request = readScopes({ tenant, scopes, name, models, expires })
      const key = await connect(options).admin.keys.create(request)
      print(options, key, () => `${key.id} of ${key.tenantId}, shown once:\n${key.secret}`)
    },
  )

/** Keys of one request. */
const batchSize = 1_000

async function createMany(options: SharedOptions, file: string): Promise<void> {
  const text = readFileSync(isStandard(file) ? 0 : file, 'utf8')
  const rows = readKeyRows(text)
  if (rows.length === 0) throw new UsageError(`${file} has no keys.`)
  const { keys } = connect(options).admin
  const results: Schemas['KeyBatch']['results'] = []
  for (let first = 0; first < rows.length; first += batchSize) {
    const batch = rows.slice(first, first + batchSize)
    try {
      results.push(...(await keys.createAll(batch)).results)
    } catch (error) {
      // The secrets of earlier requests are shown only now.
      printResults(options, rows, results)
      throw error
    }
  }
  printResults(options, rows, results)
}

function printResults(
  options: SharedOptions,
  rows: readonly KeyRow[],
  results: Schemas['KeyBatch']['results'],
): void {
  const refused = results.filter(({ key }) => key === null).length
  const lines = results.map(({ key, problem }, index) => [
    key?.tenantId ?? String(rows[index]?.tenantId ?? ''),
    key?.id ?? '–',
    key?.secret ?? problem?.detail ?? '',
  ])
  print(options, results, () => table(['tenant', 'key', 'secret'], lines))
  if (refused === 0) return
  note(`${refused} of ${results.length} keys were refused.`)
  process.exitCode = exitCodes.refused
}

const withIds = (command: Cli) =>
  command.positional('ids', {
    type: 'string',
    array: true,
    demandOption: true,
    describe: 'Ids of keys',
  })

/** Changes one key after the other. A refusal of one leaves the others, and is the exit code. */
async function changeEach<T>(
  options: SharedOptions,
  ids: readonly string[],
  change: (id: string) => Promise<T>,
  text: (changed: T) => string,
): Promise<void> {
  const changed: T[] = []
  for (const id of ids) {
    try {
      changed.push(await change(id))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      note(`${id}: ${error.detail}`)
      process.exitCode = exitCodes.refused
    }
  }
  print(options, changed, () => changed.map(text).join('\n'))
}

const addRotate = (keys: Cli) =>
  keys.command(
    'rotate <ids..>',
    'Replace keys, which stay valid for an overlap',
    (command) =>
      withIds(command).option('overlap', {
        type: 'number',
        describe: 'Seconds for which the old keys stay valid; default: a day',
      }),
    (options) => {
      const { ids, overlap } = options
      const overlapping = overlap === undefined ? {} : { overlapSeconds: overlap }
      return changeEach(
        options,
        ids,
        (id) => connect(options).admin.keys.rotate(id, overlapping),
        ({ id, secret, previous }) => `${previous.id} is replaced by ${id}, shown once:\n${secret}`,
      )
    },
  )

const addRevoke = (keys: Cli) =>
  keys.command('revoke <ids..>', 'Refuse keys from now on', withIds, (options) =>
    changeEach(
      options,
      options.ids,
      (id) => connect(options).admin.keys.revoke(id),
      ({ id }) => `${id} is revoked.`,
    ),
  )
