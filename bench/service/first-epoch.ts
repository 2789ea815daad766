/** Milliseconds from POST /jobs to the first epoch on a socket that is opened after the answer. */
import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BareInserts } from './bare-inserts.js'
import { type BenchmarkRun, rotate } from './benchmark-run.js'
import { Metric } from './metric.js'
import { type RunningService, smallJob } from './running-service.js'

const jobsARound = 25
const insertsARound = 100
const warmUp = 10
const busyProcesses = 3

interface Condition {
  name: string
  busy: number
  median: Metric
  late: Metric
}

export async function measureFirstEpochs({ services, rounds, report }: BenchmarkRun): Promise<void> {
  const inserts = await BareInserts.start(1)
  try {
    for (const service of services) await firstEpochs(service, warmUp)
    for (const { busy, median, late } of conditions()) {
      for (let round = 0; round < rounds; round++) {
        const note = (subject: 'now' | 'before' | 'reference', times: readonly number[]) => {
          median.record(round, subject, quantile(times, 0.5))
          late.record(round, subject, quantile(times, 0.95))
        }
        await whileBusy(busy, async () => {
          for (const service of rotate(services, round)) {
            note(service.subject, await firstEpochs(service, jobsARound))
          }
          note('reference', await inserts.times(insertsARound))
        })
      }
      report(median)
      report(late)
    }
  } finally {
    await inserts.stop()
  }
}

function conditions(): Condition[] {
  const metric = (name: string, goals: Metric['plan']['goals'] = []) =>
    new Metric({ name: `POST to first epoch, ${name}`, unit: 'ms', reference: 'INSERT', goals })
  return [
    {
      name: 'quiet',
      busy: 0,
      median: metric('quiet, median', [{ of: 'value', bound: 'at most', limit: 12 }]),
      late: metric('quiet, 95 %'),
    },
    {
      name: 'load 3',
      busy: busyProcesses,
      median: metric('load 3, median', [{ of: 'before', bound: 'at most', limit: 0.2 }]),
      late: metric('load 3, 95 %'),
    },
  ]
}

async function firstEpochs(service: RunningService, jobs: number): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < jobs; n++) {
    const begin = performance.now()
    const job = await service.submit(smallJob(n))
    const accepted = performance.now()
    times.push(accepted - begin + (await service.follow(job)))
  }
  return times
}

async function whileBusy(processes: number, run: () => Promise<void>): Promise<void> {
  const file = fileURLToPath(new URL('busy.process.js', import.meta.url))
  const children: ChildProcess[] = Array.from({ length: processes }, () => fork(file))
  try {
    if (processes > 0) await sleep(500)
    await run()
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? Number.NaN
}
