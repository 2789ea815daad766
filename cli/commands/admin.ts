/** `descent admin`: administration with a key of the scope `admin`. */
import { addCommands, type Cli, connect, print } from '../cli.js'
import { pageSize, printList, withId, withLimit } from '../print-list.js'
import { addAdminKeys } from './admin-keys.js'
import { addAdminTenants } from './admin-tenants.js'
import { printUsage, withDays } from './usage.js'

export const addAdmin = (cli: Cli) =>
  cli.command('admin', 'Manage tenants, keys and webhooks of a service', (admin) =>
    addCommands(
      admin,
      [addAdminTenants, addAdminKeys, addUsage, addAudit, addWorkers, addWebhooks],
      'Name a command of admin.',
    ),
  )

const addUsage = (admin: Cli) =>
  admin.command(
    'usage',
    'Show what tenants used, by day',
    (command) => withDays(command).option('tenant', { type: 'string', describe: 'Only this tenant' }),
    (options) => {
      const { admin: client } = connect(options)
      return printUsage(options, {
        items: (filter) => client.usage({ ...filter, tenant: options.tenant }),
        csv: (filter) => client.usageCsv({ ...filter, tenant: options.tenant }),
      })
    },
  )

const addAudit = (admin: Cli) =>
  admin.command(
    'audit',
    'Show the audit log, newest first',
    (command) =>
      withLimit(command)
        .option('tenant', { type: 'string', describe: 'Only changes of this tenant' })
        .option('action', { type: 'string', describe: 'Only this action, such as key.created' })
        .option('since', { type: 'string', describe: 'Only from this time on, such as 2026-11-01T00:00:00Z' })
        .option('until', { type: 'string', describe: 'Only before this time' }),
    (options) => {
      const { tenant, since, until, limit } = options
      // The service refuses an unknown action, and lists the others.
      const action = options.action as 'key.created' | undefined
      const filter = { tenant, action, since, until, limit: pageSize(limit) }
      return printList(
        options,
        limit,
        connect(options).admin.audit(filter),
        ['time', 'action', 'tenant', 'object', 'actor'],
        ({ at, action, tenantId, target, details, actor }) => [
          at,
          action,
          tenantId ?? '–',
          target ?? (typeof details.changes === 'number' ? `${details.changes} more` : '–'),
          `${actor.type} ${actor.id ?? ''}`.trimEnd(),
        ],
      )
    },
  )

const addWorkers = (admin: Cli) =>
  admin.command('workers', 'List worker processes', withLimit, (options) =>
    printList(
      options,
      options.limit,
      connect(options).admin.workers({ limit: pageSize(options.limit) }),
      ['worker', 'host', 'process', 'busy', 'backend', 'seen'],
      ({ id, host, processId, busyThreads, threads, backend, seenAt }) => [
        id,
        host ?? '–',
        processId === null ? '–' : String(processId),
        `${busyThreads}/${threads}`,
        backend,
        seenAt,
      ],
    ),
  )

const addWebhooks = (admin: Cli) =>
  admin.command('webhooks', 'List, disable and enable the webhooks of all tenants', (webhooks) =>
    webhooks
      .command(
        'list',
        'List webhooks by tenant',
        (command) =>
          withLimit(command).option('tenant', { type: 'string', describe: 'Only those of this tenant' }),
        (options) =>
          printList(
            options,
            options.limit,
            connect(options).admin.webhooks.list({
              tenant: options.tenant,
              limit: pageSize(options.limit),
            }),
            ['webhook', 'tenant', 'host', 'disabled'],
            ({ id, tenantId, host, disabledReason }) => [id, tenantId, host, disabledReason ?? ''],
          ),
      )
      .command(
        'disable <id>',
        'Disable a webhook',
        (command) =>
          withId(command).option('reason', {
            type: 'string',
            demandOption: true,
            describe: 'Why, for the tenant',
          }),
        async (options) => {
          const webhook = await connect(options).admin.webhooks.disable(options.id, options.reason)
          print(options, webhook, () => `${webhook.id} is disabled.`)
        },
      )
      .command('enable <id>', 'Enable a webhook', withId, async (options) => {
        const webhook = await connect(options).admin.webhooks.enable(options.id)
        print(options, webhook, () => `${webhook.id} is enabled.`)
      })
      .demandCommand(1, 'Name a command of webhooks.'),
  )
