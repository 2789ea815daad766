/** `descent admin tenants`. */
import type { Argv } from 'yargs'
import { table } from '../../examples/chart.js'
import type { LimitChanges, Schemas } from '../../sdk/src/index.js'
import { addCommands, type Cli, connect, print } from '../cli.js'
import { UsageError } from '../errors.js'
import { pageSize, printList, withId, withLimit } from '../print-list.js'

/** Limits by their options. */
const limits = {
  'requests-per-minute': 'requestsPerMinute',
  sockets: 'sockets',
  'queued-jobs': 'queuedJobs',
  'running-jobs': 'runningJobs',
  'arena-bytes': 'arenaBytes',
  'job-flops': 'jobFlops',
  epochs: 'epochs',
  'dataset-bytes': 'datasetBytes',
  'stored-bytes': 'storedBytes',
  'job-days': 'jobDays',
} as const satisfies Record<string, keyof LimitChanges>

const limitOptions = Object.keys(limits) as (keyof typeof limits)[]

/** Adds an option for each limit, which `readLimits` reads. */
function withLimits<Options>(command: Argv<Options>): Argv<Options> {
  for (const name of limitOptions) {
    command.option(name, { type: 'string', describe: `Limit ${limits[name]}: a number, or default` })
  }
  return command
}

/** @throws UsageError for a value that is neither a number nor `default` */
function readLimits(options: Readonly<Record<string, unknown>>): LimitChanges {
  const changes: LimitChanges = {}
  for (const name of limitOptions) {
    const value = options[name]
    if (value === undefined) continue
    const number = value === 'default' ? null : Number(value)
    if (value === '' || Number.isNaN(number))
      throw new UsageError(`--${name} ${value}: must be a number or default`)
    changes[limits[name]] = number
  }
  return changes
}

const describeTenant = ({ id, status, ownLimits, limits: all, use, liveKeys }: Schemas['Tenant']) =>
  [
    `${id} is ${status}, with ${liveKeys} live keys, ${use.queuedJobs} queued and ${use.runningJobs} running jobs.`,
    table(
      ['limit', 'allowed', 'own'],
      Object.entries(all).map(([name, value]) => [name, String(value), name in ownLimits ? 'yes' : '']),
    ),
  ].join('\n')

export const addAdminTenants = (admin: Cli) =>
  admin.command('tenants', 'List, create, change and delete tenants', (tenants) =>
    addCommands(
      tenants,
      [addList, addShow, addCreate, addLimits, addSuspend, addResume, addDelete],
      'Name a command of tenants.',
    ),
  )

const addList = (tenants: Cli) =>
  tenants.command(
    'list',
    'List tenants by id',
    (command) =>
      withLimit(command).option('prefix', { type: 'string', describe: 'Only ids that begin with this' }),
    (options) =>
      printList(
        options,
        options.limit,
        connect(options).admin.tenants.list({ prefix: options.prefix, limit: pageSize(options.limit) }),
        ['tenant', 'status', 'keys', 'queued', 'running', 'stored bytes', 'last job'],
        ({ id, status, liveKeys, use, lastJobAt }) => [
          id,
          status,
          String(liveKeys),
          String(use.queuedJobs),
          String(use.runningJobs),
          String(use.storedBytes),
          lastJobAt ?? '–',
        ],
      ),
  )

const addShow = (tenants: Cli) =>
  tenants.command('show <id>', 'Show a tenant with its limits', withId, async (options) => {
    const tenant = await connect(options).admin.tenants.get(options.id)
    print(options, tenant, () => describeTenant(tenant))
  })

const addCreate = (tenants: Cli) =>
  tenants.command(
    'create <id>',
    'Create a tenant',
    (command) => withLimits(withId(command)),
    async (options) => {
      const tenant = await connect(options).admin.tenants.create(options.id, readLimits(options))
      print(options, tenant, () => describeTenant(tenant))
    },
  )

const addLimits = (tenants: Cli) =>
  tenants.command(
    'limits <id>',
    'Show or change the limits of a tenant',
    (command) => withLimits(withId(command)),
    async (options) => {
      const id = options.id
      const { tenants: client } = connect(options).admin
      const changes = readLimits(options)
      const isChange = Object.keys(changes).length > 0
      const tenant = await (isChange ? client.changeLimits(id, changes) : client.get(id))
      print(options, tenant, () => describeTenant(tenant))
    },
  )

const addSuspend = (tenants: Cli) =>
  tenants.command(
    'suspend <id>',
    'Refuse the keys of a tenant, and let its jobs wait',
    (command) =>
      withId(command).option('reason', {
        type: 'string',
        demandOption: true,
        describe: 'Why, for the tenant',
      }),
    async (options) => {
      const tenant = await connect(options).admin.tenants.suspend(options.id, options.reason)
      print(options, tenant, () => `${tenant.id} is ${tenant.status}.`)
    },
  )

const addResume = (tenants: Cli) =>
  tenants.command('resume <id>', 'End the suspension of a tenant', withId, async (options) => {
    const tenant = await connect(options).admin.tenants.resume(options.id)
    print(options, tenant, () => `${tenant.id} is ${tenant.status}.`)
  })

const addDelete = (tenants: Cli) =>
  tenants.command(
    'delete <id>',
    'Delete a tenant with all its data',
    (command) =>
      withId(command)
        .option('confirm', { type: 'string', describe: 'The same id: deletes it even if it is active' })
        .option('wait', { type: 'boolean', default: false, describe: 'Wait until it is gone' }),
    async (options) => {
      const { tenants: client } = connect(options).admin
      const { id, confirm, wait } = options
      const tenant = await client.delete(id, confirm === undefined ? {} : { confirm })
      if (wait) await client.deleted(id)
      const value = wait ? { id, deleted: true } : tenant
      print(options, value, () => (wait ? `${id} is deleted.` : `${id} is being deleted.`))
    },
  )
