/** `descent usage`: what the tenant of the key used. */
import { table } from '../../examples/chart.js'
import type { Schemas } from '../../sdk/src/index.js'
import { type Cli, connect, print } from '../cli.js'
import { UsageError } from '../errors.js'

export const withDays = (command: Cli) =>
  command
    .option('from', {
      type: 'string',
      describe: 'First day, such as 2026-11-01; default: first of the month',
    })
    .option('to', { type: 'string', describe: 'Last day; default: today' })
    .option('totals', { type: 'boolean', default: false, describe: 'Sum all days' })
    .option('csv', { type: 'boolean', default: false, describe: 'Print CSV' })

interface DayOptions {
  from: string | undefined
  to: string | undefined
  totals: boolean
  csv: boolean
  json: boolean
}

interface DayFilter {
  from: string | undefined
  to: string | undefined
  totals: boolean
}

interface UsageSource {
  items(filter: DayFilter & { limit: number }): AsyncIterable<Schemas['Usage']>
  csv(filter: DayFilter): Promise<Response>
}

const pageSize = 100

export async function printUsage(options: DayOptions, { items, csv }: UsageSource): Promise<void> {
  const { from, to, totals } = options
  const filter = { from, to, totals }
  if (options.csv && options.json) throw new UsageError('Choose --csv or --json.')
  if (options.csv) {
    process.stdout.write(await (await csv(filter)).text())
    return
  }
  const found: Schemas['Usage'][] = []
  for await (const item of items({ ...filter, limit: pageSize })) found.push(item)
  const heads = ['tenant', 'day', 'succeeded', 'failed', 'cancelled', 'thread seconds', 'epochs']
  print(options, found, () => (found.length === 0 ? 'None.' : table(heads, found.map(cells))))
}

const cells = ({ tenantId, day, jobs, threadSeconds, epochs }: Schemas['Usage']) => [
  tenantId,
  day ?? 'all',
  String(jobs.succeeded),
  String(jobs.failed),
  String(jobs.cancelled),
  threadSeconds.toFixed(1),
  String(epochs),
]

export const addUsage = (cli: Cli) =>
  cli.command('usage', 'Show what the tenant used, by day', withDays, (options) => {
    const client = connect(options)
    return printUsage(options, {
      items: (filter) => client.usage(filter),
      csv: (filter) => client.usageCsv(filter),
    })
  })
