/** `descent sweep`. */
import { Presets, SingleBar } from 'cli-progress'
import { short, table } from '../../examples/chart.js'
import {
  type Schemas,
  type Sweep,
  SweepCancelledError,
  SweepFailedError,
  type SweepRequest,
} from '../../sdk/src/index.js'
import { type Cli, connect, note, print } from '../cli.js'
import { exitCodes } from '../errors.js'
import { readJson } from './train.js'

type SweepData = Schemas['Sweep']

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
      const sweep = await client.sweeps.create(readJson(options.spec) as SweepRequest)
      if (options.detach) return print(options, sweep.data, () => sweep.id)
      if (!options.json) note(`Sweep ${sweep.id}`)
      const ended = await follow(sweep, options.json)
      print(options, ended, () => bestPoints(ended))
      if (ended.status === 'failed') throw new SweepFailedError(ended)
      if (ended.status === 'cancelled') throw new SweepCancelledError(ended)
    },
  )

async function follow(sweep: Sweep, isQuiet: boolean): Promise<SweepData> {
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
    for await (const message of sweep.watch({ trials: false })) {
      if (message.type === 'trials') continue
      const { sweep: data } = message
      bar?.setTotal(data.trials)
      bar?.update(endedTrials(data), { best: short(data.best[0]?.score ?? Number.NaN) })
      if (message.type === 'end') return data
    }
    throw new Error(`The stream of ${sweep.id} has no end.`)
  } finally {
    bar?.stop()
    process.removeListener('SIGINT', interrupt)
  }
}

function endedTrials({ counts }: SweepData): number {
  return counts.succeeded + counts.failed + counts.cancelled + counts.refused
}

function bestPoints({ best, metric }: SweepData): string {
  if (best.length === 0) return 'No trial has a score.'
  const names = Object.keys(best[0]?.values ?? {})
  const rows = best.map(({ score, values, modelId }) => [
    short(score),
    ...names.map((name) => JSON.stringify(values[name])),
    modelId ?? '',
  ])
  return table([metric, ...names, 'model'], rows)
}
