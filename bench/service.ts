/**
 * The whole service against the bare parts that it is made of: `npm run bench -- service [--against FOLDER]
 * [--only predictions,first-epoch,trainings,sweeps,queue] [--rounds 3] [--json]`. `--against` names another built checkout. Its
 * service takes turns with this one. Starts PostgreSQL and Redis too. Prints a Markdown table and, with `--json`, one JSON
 * line a metric.
 */
import { loadavg } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { projectFolder } from '../examples/service.js'
import { type BenchmarkRun, reportSkipped } from './service/benchmark-run.js'
import { measureFirstEpochs } from './service/first-epoch.js'
import { type Metric, printHead, printJson, printRow } from './service/metric.js'
import { measurePredictions } from './service/predictions.js'
import { measureQueueLengths } from './service/queue-length.js'
import { RunningService } from './service/running-service.js'
import { measureSweeps } from './service/sweeps.js'
import { measureTrainings } from './service/trainings.js'

const groups: Readonly<Record<string, (run: BenchmarkRun) => Promise<void>>> = {
  predictions: measurePredictions,
  'first-epoch': measureFirstEpochs,
  trainings: measureTrainings,
  sweeps: measureSweeps,
  queue: measureQueueLengths,
}

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      against: { type: 'string' },
      only: { type: 'string', default: Object.keys(groups).join() },
      rounds: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  })
  const chosen = values.only.split(',').map((name) => ({ name, measure: groups[name] }))
  const unknown = chosen.find(({ measure }) => measure === undefined)
  if (unknown !== undefined)
    throw new Error(`--only takes ${Object.keys(groups).join()}, not ${unknown.name}`)
  const reported: Metric[] = []
  const report = (metric: Metric) => {
    reported.push(metric)
    printRow(metric)
  }
  await withServices(values.against, async (services) => {
    printHead()
    for (const { name, measure } of chosen) {
      const run = { services, rounds: Number(values.rounds), report }
      await measure(run).catch((error: unknown) => reportSkipped(name, error))
      console.error(`load of the last minute, with ${name}: ${loadavg()[0].toFixed(1)}`)
    }
  })
  if (values.json) for (const metric of reported) printJson(metric)
}

async function withServices(
  against: string | undefined,
  run: (services: readonly RunningService[]) => Promise<void>,
): Promise<void> {
  const port = Number(process.env.PORT ?? 3917)
  const services: RunningService[] = []
  try {
    services.push(await RunningService.start('now', projectFolder, port))
    if (against !== undefined) services.push(await RunningService.start('before', resolve(against), port + 1))
    await run(services)
  } finally {
    for (const service of services) await service.stop()
  }
}
