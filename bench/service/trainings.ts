/**
 * Many small trainings: jobs a second, first with all of them queued before the worker starts, then with a client that
 * sends them meanwhile, and the cost of each. A slow service gets fewer jobs, as many as it finishes in a few seconds.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { BareInserts } from './bare-inserts.js'
import { type BenchmarkRun, createMetrics, reportSkipped, rotate } from './benchmark-run.js'
import { type LateCosts, lateMilliseconds, readLateCosts } from './costs.js'
import { EmptyQueue } from './empty-queue.js'
import { acceptsBatches, type JobLoad, measureQueuedFirst, measureWithClient } from './job-load.js'
import type { Metric } from './metric.js'
import type { RunningService } from './running-service.js'

const mostJobs = 2_000
const leastJobs = 100
/** Duration of one service's round. */
const roundSeconds = 4
const warmUpJobs = 60
/** Small crowds are slower, so each warm-up finds a larger size for the next. */
const mostWarmUps = 5
const emptyJobs = 3_000
const insertMilliseconds = 1_000

const plans = {
  queued: {
    name: 'small trainings, all queued first',
    unit: 'jobs/s',
    reference: 'BullMQ',
    goals: [{ of: 'value', bound: 'at least', limit: 600 }],
  },
  client: {
    name: 'small trainings, with the client',
    unit: 'jobs/s',
    reference: 'BullMQ',
    goals: [{ of: 'value', bound: 'at least', limit: 400 }],
  },
  one: { name: 'the same, against commits of one connection', unit: 'jobs/s', reference: 'INSERT' },
  ten: { name: 'the same, against commits of ten connections', unit: 'jobs/s', reference: 'INSERT' },
  cpu: {
    name: 'a small training’s CPU',
    unit: 'ms',
    goals: [{ of: 'value', bound: 'at most', limit: 5 }],
  },
  wal: {
    name: 'a small training’s WAL',
    unit: 'bytes',
    goals: [{ of: 'value', bound: 'at most', limit: 6_000 }],
  },
  commits: { name: 'a small training’s commits', unit: '' },
  fsyncs: { name: 'a small training’s fsyncs of the WAL', unit: '' },
} as const

interface TrainedService {
  load: JobLoad
  /** Jobs trained since `before`. */
  done: number
  before: LateCosts
}

export async function measureTrainings({ services, rounds, report }: BenchmarkRun): Promise<void> {
  const all = createMetrics(plans)
  const inserts = await BareInserts.start(10)
  const empty = await EmptyQueue.start().catch((error) => {
    reportSkipped('BullMQ on Redis', error)
    return null
  })
  try {
    const trainees: TrainedService[] = []
    for (const service of services) trainees.push(await calibrate(service))
    await sleep(lateMilliseconds)
    for (const trainee of trainees) trainee.before = await readLateCosts(trainee.load.service)
    if (empty !== null) await empty.rate(emptyJobs)
    for (let round = 0; round < rounds; round++) {
      for (const trainee of rotate(trainees, round)) await measureRound(trainee, round, all)
      all.one.record(round, 'reference', await inserts.rate(1, insertMilliseconds))
      all.ten.record(round, 'reference', await inserts.rate(10, insertMilliseconds))
      if (empty === null) continue
      all.queued.record(round, 'reference', await empty.takenRate(emptyJobs))
      all.client.record(round, 'reference', await empty.rate(emptyJobs))
    }
    await sleep(lateMilliseconds)
    for (const {
      load: { service },
      done,
      before,
    } of trainees) {
      const after = await readLateCosts(service)
      all.commits.record(0, service.subject, (after.commits - before.commits) / done)
      all.fsyncs.record(0, service.subject, (after.fsyncs - before.fsyncs) / done)
    }
    for (const metric of Object.values(all)) report(metric)
  } finally {
    await inserts.stop()
    await empty?.stop()
  }
}

/** Warms it up, and finds how many jobs it does in a round. */
async function calibrate(service: RunningService): Promise<TrainedService> {
  const load = { service, hasBatches: await acceptsBatches(service), jobs: warmUpJobs }
  for (let turn = 0; turn < mostWarmUps; turn++) {
    const { rate } = await measureWithClient(load)
    const jobs = Math.max(leastJobs, Math.min(mostJobs, Math.round(rate * roundSeconds)))
    const isSettled = jobs < 1.5 * load.jobs
    load.jobs = jobs
    if (isSettled && turn > 0) break
  }
  console.error(`${service.subject}: ${load.jobs} small trainings a round`)
  return { load, done: 0, before: { commits: 0, fsyncs: 0 } }
}

async function measureRound(
  trainee: TrainedService,
  round: number,
  all: Readonly<Record<keyof typeof plans, Metric>>,
): Promise<void> {
  const { service, jobs } = trainee.load
  const { subject } = service
  all.queued.record(round, subject, await measureQueuedFirst(trainee.load))
  const { rate, each } = await measureWithClient(trainee.load)
  trainee.done += 2 * jobs
  for (const metric of [all.client, all.one, all.ten]) metric.record(round, subject, rate)
  all.wal.record(round, subject, each.walBytes)
  if (each.cpuMilliseconds !== null) all.cpu.record(round, subject, each.cpuMilliseconds)
}
