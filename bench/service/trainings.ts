/**
 * Many small trainings: jobs a second, with all of them queued beforehand and with a client that sends them meanwhile,
 * and what each costs. A service that is slow gets fewer of them, as many as it does in some seconds.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, requestOf } from './connection.js'
import { type Costs, costsOf, type LateCosts, lateCostsOf, lateMilliseconds } from './costs.js'
import { EmptyQueue } from './empty-queue.js'
import type { Figure } from './figure.js'
import { BareInserts } from './inserts.js'
import { figures, leaveOut, type Run, turnsOf } from './run.js'
import { type RunningService, smallJob } from './running-service.js'

const mostJobs = 2_000
const leastJobs = 100
/** How long a round of one service is to take. */
const roundSeconds = 4
const warmUpJobs = 60
const jobsABatch = 1_000
const lanes = 32
const emptyJobs = 3_000
const insertMilliseconds = 1_000

const plans = {
  queued: {
    name: 'small trainings, queued beforehand',
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
  one: { name: 'the same, beside commits of one connection', unit: 'jobs/s', reference: 'INSERT' },
  ten: { name: 'the same, beside commits of ten connections', unit: 'jobs/s', reference: 'INSERT' },
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

/** A service with what is known of it. */
interface Trainee {
  service: RunningService
  hasBatches: boolean
  /** Of a round. */
  jobs: number
  /** All that were trained since `before`. */
  done: number
  before: LateCosts
}

export async function measureTrainings({ services, rounds, report }: Run): Promise<void> {
  const all = figures(plans)
  const inserts = await BareInserts.start(10)
  const empty = await EmptyQueue.start().catch((error) => {
    leaveOut('BullMQ on Redis', error)
    return null
  })
  try {
    const trainees: Trainee[] = []
    for (const service of services) trainees.push(await meet(service))
    await sleep(lateMilliseconds)
    for (const trainee of trainees) trainee.before = await lateCostsOf(trainee.service)
    if (empty !== null) await empty.rate(emptyJobs)
    for (let round = 0; round < rounds; round++) {
      for (const trainee of turnsOf(trainees, round)) await measureRound(trainee, round, all)
      all.one.record(round, 'reference', await inserts.rate(1, insertMilliseconds))
      all.ten.record(round, 'reference', await inserts.rate(10, insertMilliseconds))
      if (empty === null) continue
      all.queued.record(round, 'reference', await empty.takenRate(emptyJobs))
      all.client.record(round, 'reference', await empty.rate(emptyJobs))
    }
    await sleep(lateMilliseconds)
    for (const { service, done, before } of trainees) {
      const after = await lateCostsOf(service)
      all.commits.record(0, service.subject, (after.commits - before.commits) / done)
      all.fsyncs.record(0, service.subject, (after.fsyncs - before.fsyncs) / done)
    }
    for (const figure of Object.values(all)) report(figure)
  } finally {
    await inserts.stop()
    await empty?.stop()
  }
}

/** Warms it up, and finds how many jobs it does in a round. */
async function meet(service: RunningService): Promise<Trainee> {
  const hasBatches = await service.post('/jobs/batch', { jobs: [smallJob(0)] }).then(
    () => true,
    () => false,
  )
  const trainee = { service, hasBatches, jobs: warmUpJobs, done: 0, before: { commits: 0, fsyncs: 0 } }
  let rate = 0
  for (let turn = 0; turn < 2; turn++) {
    rate = await withClient(trainee)
    trainee.jobs = Math.max(leastJobs, Math.min(mostJobs, Math.round(rate * roundSeconds)))
  }
  console.error(`${service.subject}: ${trainee.jobs} small trainings a round`)
  return { ...trainee, done: 0 }
}

async function measureRound(
  trainee: Trainee,
  round: number,
  all: Readonly<Record<keyof typeof plans, Figure>>,
): Promise<void> {
  const { service, jobs } = trainee
  const { subject } = service
  all.queued.record(round, subject, await queuedBeforehand(trainee))
  const before = await costsOf(service)
  const rate = await withClient(trainee)
  const each = perJob(before, await costsOf(service), jobs)
  for (const figure of [all.client, all.one, all.ten]) figure.record(round, subject, rate)
  all.wal.record(round, subject, each.walBytes)
  if (each.cpuMilliseconds !== null) all.cpu.record(round, subject, each.cpuMilliseconds)
}

/** Jobs a second from the first one's start to the last one's end, the worker having stood still until all were there. */
async function queuedBeforehand(trainee: Trainee): Promise<number> {
  const { service, jobs } = trainee
  await service.freezeWorker()
  try {
    await submitAll(trainee)
  } finally {
    service.thawWorker()
  }
  const { first, last } = await settle(trainee)
  return (1_000 * jobs) / (last - first)
}

/** Jobs a second from the first request to the last one's end. */
async function withClient(trainee: Trainee): Promise<number> {
  const begin = Date.now()
  await submitAll(trainee)
  const { last } = await settle(trainee)
  return (1_000 * trainee.jobs) / (last - begin)
}

async function submitAll({ service: { port, subject }, hasBatches, jobs }: Trainee): Promise<void> {
  const requests: Buffer[] = []
  if (hasBatches) {
    for (let first = 0; first < jobs; first += jobsABatch) {
      const size = Math.min(jobsABatch, jobs - first)
      const batch = Array.from({ length: size }, (_, n) => smallJob(first + n))
      requests.push(requestOf('POST', '/jobs/batch', { jobs: batch }))
    }
  } else {
    for (let n = 0; n < jobs; n++) requests.push(requestOf('POST', '/jobs', smallJob(n)))
  }
  const lane = async () => {
    const connection = await Connection.open(port)
    for (let request = requests.pop(); request !== undefined; request = requests.pop()) {
      const { status } = await connection.ask(request)
      if (status < 200 || status >= 300) throw new Error(`${subject} refused a job: ${status}`)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: Math.min(lanes, requests.length) }, lane))
}

/**
 * Waits until all have ended. It watches the newest, which is trained last or nearly so, because asking again and again
 * would be among what the jobs cost.
 * @throws Error where one has not succeeded
 */
async function settle(trainee: Trainee): Promise<{ first: number; last: number }> {
  const { service, jobs } = trainee
  const [newest] = await service.newest(1)
  await service.follow(newest)
  while (await service.isAtWork()) await sleep(50)
  trainee.done += jobs
  const ended = await service.newest(jobs)
  const failed = ended.filter(({ status }) => status !== 'succeeded')
  if (failed.length > 0 || ended.length < jobs) {
    throw new Error(`${service.subject}: ${failed.length} of ${ended.length} jobs did not succeed`)
  }
  const times = (key: 'startedAt' | 'finishedAt') => ended.map((job) => Date.parse(job[key] ?? ''))
  return { first: Math.min(...times('startedAt')), last: Math.max(...times('finishedAt')) }
}

function perJob(before: Costs, after: Costs, jobs: number): Costs {
  const cpu =
    before.cpuMilliseconds === null || after.cpuMilliseconds === null
      ? null
      : (after.cpuMilliseconds - before.cpuMilliseconds) / jobs
  return { cpuMilliseconds: cpu, walBytes: (after.walBytes - before.walBytes) / jobs }
}
