/** `descent jobs`, `descent datasets`, `descent models` and `descent limits`. */
import { short, table } from '../../examples/chart.js'
import type { Schemas } from '../../sdk/src/index.js'
import { type Cli, connect, print } from '../cli.js'
import { pageSize, printList, withId, withLimit } from '../print-list.js'

const changes = ['cancel', 'pause', 'resume'] as const
const changeTexts = {
  cancel: 'End a training',
  pause: 'Pause a training',
  resume: 'Resume a paused training',
}

export const addJobs = (cli: Cli) =>
  cli.command('jobs', 'List trainings, and change them', (jobs) => {
    const listed = jobs
      .command('list', 'List trainings, newest first', withLimit, (options) =>
        printList(
          options,
          options.limit,
          connect(options).list('GET /jobs', { query: { limit: pageSize(options.limit) } }),
          ['job', 'status', 'epoch', 'loss', 'name'],
          ({ id, status, epoch, epochs, metrics, name }) => [
            id,
            status,
            `${epoch}/${epochs}`,
            shown(metrics.loss),
            name ?? '',
          ],
        ),
      )
      .command('show <id>', 'Show a training as JSON', withId, async (options) => {
        const job = await connect(options).request('GET /jobs/{id}', { path: { id: options.id } })
        console.log(JSON.stringify(job, null, options.json ? 0 : 2))
      })
      .command('delete <id>', 'Delete a finished training, without its model', withId, async (options) => {
        await connect(options).request('DELETE /jobs/{id}', { path: { id: options.id } })
        print(options, { id: options.id, deleted: true }, () => `${options.id} is deleted.`)
      })
    const all = changes.reduce(
      (each, change) =>
        each.command(`${change} <id>`, changeTexts[change], withId, async (options) => {
          const job = await connect(options).request(`POST /jobs/{id}/${change}`, {
            path: { id: options.id },
          })
          print(options, job, () => `${job.id} is ${job.status}.`)
        }),
      listed,
    )
    return all.demandCommand(1, 'Name a command of jobs.')
  })

export const addDatasets = (cli: Cli) =>
  cli.command('datasets', 'List and delete datasets', (datasets) =>
    datasets
      .command('list', 'List datasets', withLimit, (options) =>
        printList(
          options,
          options.limit,
          connect(options).list('GET /datasets'),
          ['dataset', 'rows', 'columns', 'target', 'name'],
          ({ id, rows, columns, target, name }) => [
            id,
            String(rows),
            String(columns.length),
            target ?? '',
            name ?? '',
          ],
        ),
      )
      .command('show <id>', 'Show the columns of a dataset', withId, async (options) => {
        const dataset = await connect(options).request('GET /datasets/{id}', { path: { id: options.id } })
        print(options, dataset, () => describeDataset(dataset))
      })
      .command('delete <id>', 'Delete a dataset', withId, async (options) => {
        await connect(options).request('DELETE /datasets/{id}', { path: { id: options.id } })
        print(options, { id: options.id, deleted: true }, () => `${options.id} is deleted.`)
      })
      .demandCommand(1, 'Name a command of datasets.'),
  )

function describeDataset({ id, name, rows, columns, warnings }: Schemas['Dataset']): string {
  const listed = table(
    ['column', 'type', 'role', 'values'],
    columns.map(({ name, type, role, categories, min, max }) => [
      name,
      type,
      role,
      categories?.slice(0, 5).join(', ') ??
        (min === undefined ? '' : `${shown(min)} to ${shown(max ?? null)}`),
    ]),
  )
  return [`${name ?? id}: ${rows} rows`, listed, ...warnings.map(({ message }) => `Note: ${message}`)].join(
    '\n',
  )
}

export const addModels = (cli: Cli) =>
  cli.command('models', 'List and delete models', (models) =>
    models
      .command('list', 'List models, newest first', withLimit, (options) =>
        printList(
          options,
          options.limit,
          connect(options).list('GET /models', {
            query: { limit: pageSize(options.limit) },
          }),
          ['model', 'parameters', 'loss', 'job', 'name'],
          ({ id, parameters, metrics, jobId, name }) => [
            id,
            String(parameters),
            shown(metrics?.loss ?? null),
            jobId ?? '',
            name ?? '',
          ],
        ),
      )
      .command('show <id>', 'Show a model as JSON', withId, async (options) => {
        const model = await connect(options).request('GET /models/{id}', { path: { id: options.id } })
        console.log(JSON.stringify(model, null, options.json ? 0 : 2))
      })
      .command('delete <id>', 'Delete a model', withId, async (options) => {
        await connect(options).request('DELETE /models/{id}', { path: { id: options.id } })
        print(options, { id: options.id, deleted: true }, () => `${options.id} is deleted.`)
      })
      .demandCommand(1, 'Name a command of models.'),
  )

export const addLimits = (cli: Cli) =>
  cli.command(
    'limits',
    'Show the limits of the tenant and what it uses',
    (command) => command,
    async (options) => {
      const limits = await connect(options).request('GET /limits')
      print(options, limits, () =>
        table(
          ['limit', 'allowed', 'used', 'setting'],
          Object.entries(limits.limits).map(([name, { allowed, used, setting }]) => [
            name,
            String(allowed),
            used === null ? '–' : String(used),
            setting,
          ]),
        ),
      )
    },
  )

const shown = (value: number | null) => (value === null ? '–' : short(value))
