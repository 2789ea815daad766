/** Small jobs of a tenant beside long trainings of another one: the spare thread of a worker process trains them at once. */
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import type { JobSpec } from '../../src/contract/job-spec.js'
import type { NewJob } from '../../src/training/ports/jobs.js'
import { hasRedis, startRedis } from '../support/redis.js'
import { eventually, type Service, startService } from '../support/service.js'
import { newJob, openStores, type Stores, xorSpec } from '../support/stores.js'
import { upTo } from '../support/watching.js'

const threads = 2

let stores: Stores
let worker: Service

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

/** Starts a worker whose threads are all busy with endless trainings of tenant a. */
beforeEach(async () => {
  worker = await startWorker()
  await occupy()
})

afterEach(async () => {
  await stores.database.job.deleteMany()
  await worker.stop()
})

const startWorker = (more: Record<string, string> = {}) =>
  startService(
    { DATABASE_URL: stores.connectionString, WORKER_CONCURRENCY: String(threads), ...more },
    'dist/workers/main.js',
  )

async function create(
  tenantId: string,
  spec: Partial<JobSpec> = {},
  changes: Partial<NewJob> = {},
): Promise<string> {
  return (await stores.jobs.of(tenantId).create(newJob({ spec: xorSpec(spec), ...changes }))).id
}

const slow: Partial<JobSpec> = { network: { inputShape: [2], layers: [dense(64), dense(1)] } }

/** Takes seconds, and is estimated to take milliseconds. */
const underestimated = () =>
  create(
    'b',
    { epochs, network: { inputShape: [2], layers: [dense(512), dense(512), dense(1)] } },
    { flopsPerEpoch: 1, stepsPerEpoch: 1 },
  )
const epochs = 4_000

function dense(units: number) {
  return { type: 'dense' as const, units, activation: 'sigmoid' as const, useBias: true }
}

async function occupy(): Promise<void> {
  const ids = await Promise.all(upTo(threads).map(() => create('a', { ...slow, epochs: 10_000_000 })))
  for (const id of ids) await eventually(async () => ((await read(id)).epoch > 0 ? true : undefined))
}

async function read(id: string) {
  return stores.database.job.findUniqueOrThrow({ where: { id } })
}

const ended = (id: string) =>
  eventually(async () => ((await read(id)).status === 'succeeded' ? read(id) : undefined))

/** How often trainings of the tenant were preempted. */
const preemptions = (tenantId: string) =>
  stores.database.jobEvent.count({ where: { job: { tenantId }, reason: 'preempted' } })

it('trains them, without preemption of the others', async () => {
  for (const _ of upTo(5)) {
    const { attempt } = await ended(await create('b'))
    expect(attempt).toBe(1)
  }
  expect(await preemptions('a')).toBe(0)
  expect(await stores.database.job.count({ where: { tenantId: 'a', status: 'running' } })).toBe(threads)
  await eventually(async () => {
    const { busyThreads } = await stores.workers.summary()
    expect(busyThreads).toBeLessThanOrEqual(threads)
    return busyThreads === threads ? true : undefined
  })
}, 60_000)

it.runIf(hasRedis)(
  'trains them also with Redis, without a message from there',
  async () => {
    await worker.stop()
    await stores.database.job.deleteMany()
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    worker = await startWorker({ REDIS_URL: redis.url })
    await occupy()
    await ended(await create('b'))
    expect(await preemptions('a')).toBe(0)
  },
  60_000,
)

it('leaves small jobs of that other tenant, and large jobs, to ordinary threads', async () => {
  const own = await create('a')
  const large = await create('b', { epochs: 10_000 }, { flopsPerEpoch: 1e6 })
  // The first one that is preempted makes room for it.
  await ended(large)
  expect(await preemptions('a')).toBeGreaterThan(0)
  // The thread may train it after the large job. The spare thread would have trained it at once.
  const begin = ({ startedAt }: { startedAt: Date | null }) =>
    startedAt?.getTime() ?? Number.POSITIVE_INFINITY
  expect(begin(await read(own))).toBeGreaterThanOrEqual(begin(await read(large)))
}, 60_000)

it('releases one that takes longer than estimated, which an ordinary thread continues', async () => {
  const id = await underestimated()
  await eventually(async () => ((await read(id)).attempt === 1 ? true : undefined))
  expect(await preemptions('a')).toBe(0)
  await eventually(async () => ((await preemptions('b')) === 1 ? true : undefined))
  const { epoch } = await read(id)
  expect(epoch).toBeGreaterThan(0)
  const next = await ended(await create('c'))
  expect(next.attempt).toBe(1)
  expect((await ended(id)).epoch).toBe(epochs)
  expect(await preemptions('a')).toBeGreaterThan(0)
}, 60_000)

it('loses nothing if the process is killed', async () => {
  const id = await underestimated()
  await eventually(async () => ((await read(id)).status === 'running' ? true : undefined))
  expect(await preemptions('a')).toBe(0)
  const exited = once(worker.process, 'exit')
  worker.process.kill('SIGKILL')
  await exited
  worker = await startWorker()
  const job = await ended(id)
  expect(job).toMatchObject({ epoch: epochs, errorCode: null })
  expect(job.attempt).toBeGreaterThan(1)
  expect(await stores.database.model.count({ where: { jobId: id } })).toBe(1)
  const batches = await stores.database.epochBatch.findMany({ where: { jobId: id } })
  expect(batches.reduce((sum, { firstEpoch, lastEpoch }) => sum + lastEpoch - firstEpoch + 1, 0)).toBe(epochs)
}, 90_000)
