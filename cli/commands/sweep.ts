/** `descent sweep`. */
import { setTimeout as wait } from 'node:timers/promises'
import { Presets, SingleBar } from 'cli-progress'
import { short, table } from '../../examples/chart.js'
import type { Descent, Schemas } from '../../sdk/src/index.js'
import { type Cli, connect, note, print } from '../cli.js'
import { exitCodes, UnsuccessfulError } from '../errors.js'
import { readJson } from './train.js'

type Sweep = Schemas['Sweep']

const pollMilliseconds = 500

export const addSweep = (cli: Cli) =>
  cli.command(
    'sweep <spec>',
    'Start a sweep and wait for its best points',
    (command) =>
      command
        .positional('spec', {
          type: 'string',
          demandOption: true,
          describe: 'File with a sweep as JSON, or - ',
        })
        .option('detach', {
          alias: 'd',
          type: 'boolean',
          default: false,
          describe: 'Print the sweep and end',
        }),
    async (options) => {
      const client = connect(options)
      const body = readJson(options.spec) as Schemas['SweepRequest']
      const { id, ...started } = await client.request('POST /sweeps', { body })
      if (options.detach) return print(options, { id, ...started }, () => id)
      if (!options.json) note(`Sweep ${id}`)
      const sweep = await follow(client, id, options.json)
      print(options, sweep, () => bestPoints(sweep))
      if (sweep.status !== 'succeeded') throw new UnsuccessfulError(`Sweep ${id} ${sweep.status}.`)
    },
  )

async function follow(client: Descent, id: string, isQuiet: boolean): Promise<Sweep> {
  const interrupt = () => {
    note('\nThe sweep goes on.')
    process.exit(exitCodes.interrupted)
  }
  process.once('SIGINT', interrupt)
  const format = '{bar} {value}/{total} trials  best {best}'
  const bar = isQuiet
    ? null
    : new SingleBar({ format, hideCursor: true, stream: process.stderr }, Presets.shades_classic)
  bar?.start(1, 0, { best: '–' })
  try {
    for (;;) {
      const sweep = await client.request('GET /sweeps/{id}', { path: { id } })
      bar?.setTotal(sweep.trials)
      bar?.update(endedTrials(sweep), { best: short(sweep.best[0]?.score ?? Number.NaN) })
      if (sweep.finishedAt !== null) return sweep
      await wait(pollMilliseconds)
    }
  } finally {
    bar?.stop()
    process.removeListener('SIGINT', interrupt)
  }
}

function endedTrials({ counts }: Sweep): number {
  return counts.succeeded + counts.failed + counts.cancelled + counts.refused
}

function bestPoints({ best, metric }: Sweep): string {
  if (best.length === 0) return 'No trial has a score.'
  const names = Object.keys(best[0]?.values ?? {})
  const rows = best.map(({ score, values, modelId }) => [
    short(score),
    ...names.map((name) => JSON.stringify(values[name])),
    modelId ?? '',
  ])
  return table([metric, ...names, 'model'], rows)
}
