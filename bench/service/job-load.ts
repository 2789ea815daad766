/** Many small trainings of one service, sent as fast as it accepts them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, createRequest } from './connection.js'
import { type Costs, readCosts } from './costs.js'
import { type RunningService, smallJob } from './running-service.js'

const jobsABatch = 1_000
const lanes = 32

export interface JobLoad {
  service: RunningService
  /** Whether it has POST /jobs/batch. */
  hasBatches: boolean
  jobs: number
}

export async function acceptsBatches(service: RunningService): Promise<boolean> {
  return service.post('/jobs/batch', { jobs: [smallJob(0)] }).then(
    () => true,
    () => false,
  )
}

/** Jobs a second from the first start to the last end. The worker is stopped until all are queued. */
export async function measureQueuedFirst(load: JobLoad): Promise<number> {
  const { service, jobs } = load
  await service.freezeWorker()
  try {
    await submitAll(load)
  } finally {
    service.thawWorker()
  }
  await untilAllEnded(service)
  const { first, last } = await readTimes(load)
  return (1_000 * jobs) / (last - first)
}

/** Jobs a second from the first request to the last end, and the cost of each. */
export async function measureWithClient(load: JobLoad): Promise<{ rate: number; each: Costs }> {
  const { service, jobs } = load
  const before = await readCosts(service)
  const begin = Date.now()
  await submitAll(load)
  await untilAllEnded(service)
  const after = await readCosts(service)
  const { last } = await readTimes(load)
  const cpu =
    before.cpuMilliseconds === null || after.cpuMilliseconds === null
      ? null
      : (after.cpuMilliseconds - before.cpuMilliseconds) / jobs
  const each = { cpuMilliseconds: cpu, walBytes: (after.walBytes - before.walBytes) / jobs }
  return { rate: (1_000 * jobs) / (last - begin), each }
}

async function submitAll({ service: { port, subject }, hasBatches, jobs }: JobLoad): Promise<void> {
  const requests: Buffer[] = []
  if (hasBatches) {
    for (let first = 0; first < jobs; first += jobsABatch) {
      const size = Math.min(jobsABatch, jobs - first)
      const batch = Array.from({ length: size }, (_, n) => smallJob(first + n))
      requests.push(createRequest('POST', '/jobs/batch', { jobs: batch }))
    }
  } else {
    for (let n = 0; n < jobs; n++) requests.push(createRequest('POST', '/jobs', smallJob(n)))
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

/** Watches the newest job, which ends last or nearly last, because polling would add to the cost of the jobs. */
async function untilAllEnded(service: RunningService): Promise<void> {
  const [newest] = await service.newest(1)
  await service.follow(newest)
  while (await service.isAtWork()) await sleep(50)
}

/** @throws Error if a job did not succeed */
async function readTimes({ service, jobs }: JobLoad): Promise<{ first: number; last: number }> {
  const ended = await service.newest(jobs)
  const succeeded = ended.filter(({ status }) => status === 'succeeded')
  if (succeeded.length < jobs) {
    throw new Error(`${service.subject}: ${succeeded.length} of ${jobs} jobs succeeded`)
  }
  const times = (key: 'startedAt' | 'finishedAt') => ended.map((job) => Date.parse(job[key] ?? ''))
  return { first: Math.min(...times('startedAt')), last: Math.max(...times('finishedAt')) }
}
