/**
 * Whether a long queue is slower than a short one: a POST, a GET of the last queued job, and the time to take and train a
 * job, with few and with many queued.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../comparison.js'
import { type BenchmarkRun, reportSkipped, rotate } from './benchmark-run.js'
import { Metric } from './metric.js'
import { empty, fill, type QueueShape } from './queue-filling.js'
import { type JobState, type RunningService, smallJob } from './running-service.js'

const few = 100
const many = 100_000
const tenantCounts = [1, 50, 1_000]

const requestsARound = 20
const requestMilliseconds = 1_500
/** Fewer than are queued. */
const takenARound = 90
const takingMilliseconds = 6_000
/** A queue of tickets gets its tickets in this time. */
const ticketMilliseconds = 4_000
const operations = ['POST /jobs', 'GET /jobs/{id} of the last queued', 'a job taken and trained'] as const
type Operation = (typeof operations)[number]
type Metrics = Readonly<Record<Operation, Metric>>

export async function measureQueueLengths({ services, rounds, report }: BenchmarkRun): Promise<void> {
  for (const service of services) await service.freezeWorker()
  try {
    for (const service of services) await empty(service)
    for (const tenants of tenantCounts) {
      const short = metricsFor({ queued: few, tenants }, undefined)
      await measure(services, rounds, { queued: few, tenants }, short)
      const long = metricsFor({ queued: many, tenants }, short)
      await measure(services, rounds, { queued: many, tenants }, long)
      for (const operation of operations) {
        short[operation].samples.now.forEach((value, round) => {
          long[operation].record(round, 'reference', value)
        })
        report(short[operation])
        report(long[operation])
      }
    }
  } finally {
    for (const service of services) {
      await empty(service)
      service.thawWorker()
    }
  }
}

/** The goal leaves room for noise: the same cost measured twice may differ by half. */
function metricsFor({ queued, tenants }: QueueShape, short: Metrics | undefined): Metrics {
  const goals = [{ of: 'reference', bound: 'at most', limit: 1.5 } as const]
  const metric = (operation: Operation) =>
    new Metric({
      name: `${operation}, ${queued.toLocaleString('en')} queued of ${tenants} ${tenants === 1 ? 'tenant' : 'tenants'}`,
      unit: 'ms',
      ...(short !== undefined && { reference: `with ${few}`, goals }),
    })
  return {
    'POST /jobs': metric('POST /jobs'),
    'GET /jobs/{id} of the last queued': metric('GET /jobs/{id} of the last queued'),
    'a job taken and trained': metric('a job taken and trained'),
  }
}

async function measure(
  services: readonly RunningService[],
  rounds: number,
  shape: QueueShape,
  createMetrics: Metrics,
): Promise<void> {
  const note = async (operation: Operation, round: number, service: RunningService, run: Promise<number>) => {
    try {
      createMetrics[operation].record(round, service.subject, await run)
    } catch (error) {
      reportSkipped(`${createMetrics[operation].plan.name} (${service.subject})`, error)
    }
  }
  for (let round = 0; round < rounds; round++) {
    const last = await fillAll(services, shape)
    if (round === 0) await sleep(ticketMilliseconds)
    for (const service of rotate(services, round)) {
      const path = `/jobs/${last.get(service)?.id}`
      await note(
        'POST /jobs',
        round,
        service,
        timed((n) => service.submit(smallJob(n))),
      )
      await note(
        'GET /jobs/{id} of the last queued',
        round,
        service,
        timed(() => service.get(path)),
      )
    }
  }
  // Filling a long queue again would take longer than all the rest.
  const takings = shape.queued > few ? 1 : rounds
  for (let round = 0; round < takings; round++) {
    if (round > 0) {
      await fillAll(services, shape)
      await sleep(ticketMilliseconds)
    }
    for (const service of rotate(services, round)) {
      await note('a job taken and trained', round, service, taken(service))
    }
  }
}

async function fillAll(
  services: readonly RunningService[],
  shape: QueueShape,
): Promise<Map<RunningService, JobState>> {
  const last = new Map<RunningService, JobState>()
  for (const service of services) last.set(service, await fill(service, shape))
  return last
}

/** The median milliseconds of the requests that fit into the time. */
async function timed(request: (n: number) => Promise<unknown>): Promise<number> {
  const times: number[] = []
  const end = performance.now() + requestMilliseconds
  while (times.length < requestsARound && performance.now() < end) {
    const begin = performance.now()
    await request(times.length)
    times.push(performance.now() - begin)
  }
  return median(times)
}

/** Milliseconds a job, from the start of the first to the end of the last, while the worker runs for a short time. */
async function taken(service: RunningService): Promise<number> {
  const { database } = service.processes
  const { rows: clock } = await database.query<{ now: Date }>('SELECT clock_timestamp() AS now')
  const done = async () => {
    const { rows } = await database.query<{ jobs: number; milliseconds: number | null }>(
      `SELECT count(*)::int AS jobs,
         extract(epoch FROM max("finishedAt") - min("startedAt"))::float8 * 1000 AS milliseconds
       FROM "Job" WHERE status = 'succeeded' AND "startedAt" > $1`,
      [clock[0].now],
    )
    return rows[0]
  }
  const end = performance.now() + takingMilliseconds
  service.thawWorker()
  let found = await done()
  while (performance.now() < end && found.jobs < takenARound) {
    await sleep(20)
    found = await done()
  }
  // A worker stopped in the median of its jobs would lose them.
  await empty(service)
  while (await service.isAtWork()) await sleep(50)
  await service.freezeWorker()
  if (found.jobs === 0 || found.milliseconds === null) {
    throw new Error(`no job was done in ${takingMilliseconds} ms`)
  }
  return found.milliseconds / found.jobs
}
