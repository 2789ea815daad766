/** Jobs as clients see them: lists and cancellation, and jobs of dead workers. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type JobStatus, jobStatusSchema, previousStatuses } from '../../src/contract/job-status.js'
import { Problem } from '../../src/contract/problems.js'
import { tableFromInline } from '../../src/datasets/inline.js'
import { newId } from '../../src/training/new-id.js'
import {
  capacityWith,
  claimJob,
  linearModel,
  newJob,
  openStores,
  type Stores,
  setStatus,
  startJob,
  storeEpochs,
  xorSpec,
} from '../support/stores.js'
import { uploadOf } from '../support/tables.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(async () => {
  await stores.database.job.deleteMany()
})

async function createJobs(count: number): Promise<string[]> {
  const jobs = await Promise.all(Array.from({ length: count }, () => stores.jobs.create(newJob())))
  return jobs.map(({ id }) => id)
}

const silence = (id: string, seconds: number) =>
  stores.database.job.update({ where: { id }, data: { heartbeatAt: new Date(Date.now() - seconds * 1_000) } })

async function errorOf(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('create', () => {
  it('stores the job and its rows together, or neither', async () => {
    const { id } = await stores.jobs.create(newJob())
    const inlineDataset = uploadOf(tableFromInline({ x: [0], y: [1] }), { origin: 'inline' })
    const twice = newJob({ id, datasetId: inlineDataset.id, inlineDataset })
    expect(await errorOf(stores.jobs.create(twice))).toBeInstanceOf(Error)
    expect(await stores.datasets.get(inlineDataset.id)).toBeNull()
  })
})

describe('list', () => {
  it('returns every job once, newest first, also those of the same millisecond', async () => {
    const ids = await createJobs(25)
    await stores.database.job.updateMany({ data: { createdAt: new Date() } })
    const met: string[] = []
    let after: string | undefined
    for (let more = true; more; ) {
      const { data, hasMore, lastId } = await stores.jobs.list({ limit: 7, after })
      met.push(...data.map(({ id }) => id))
      after = lastId ?? undefined
      more = hasMore
      // Newer jobs do not move the pages after the cursor.
      await createJobs(1)
    }
    expect(met).toEqual(ids.toSorted().toReversed())
  })

  it('has no more if the last page is exactly full', async () => {
    await createJobs(4)
    expect(await stores.jobs.list({ limit: 4 })).toMatchObject({ hasMore: false })
    expect(await stores.jobs.list({ limit: 3 })).toMatchObject({ hasMore: true })
  })

  it('filters by status, and shows positions in the queue', async () => {
    await createJobs(5)
    const running = await startJob(stores)
    await createJobs(2)
    // Lists are ordered by time, which is equal for jobs created together.
    await stores.database
      .$executeRaw`UPDATE "Job" SET "createdAt" = now() + "queueNumber" * interval '1 second'`
    const { data } = await stores.jobs.list({ limit: 100 })
    expect(data.map(({ queuePosition }) => queuePosition)).toHaveLength(8)
    const queued = await stores.jobs.list({ limit: 3, status: 'queued' })
    expect(queued.data.map(({ queuePosition }) => queuePosition)).toEqual([7, 6, 5])
    const positions = data.flatMap(({ queuePosition }) => queuePosition ?? [])
    expect(positions).toEqual([7, 6, 5, 4, 3, 2, 1])
    expect((await stores.jobs.list({ limit: 3, status: 'running' })).data).toMatchObject([
      { id: running.jobId, queuePosition: null },
    ])
  })

  it('omits jobs that only repeat epochs of another', async () => {
    const metadata = { owner: newId('job') }
    const create = async (epoch: number | null, epochs: number) => {
      const replay = epoch === null ? null : { jobId: newId('job'), epoch }
      const spec = xorSpec({ epochs: 100, stopAfter: epochs })
      return (await stores.jobs.create({ ...newJob({ metadata }), spec, replay })).id
    }
    const [plain, model, fork] = [await create(null, 100), await create(7, 7), await create(7, 100)]
    const listed = async (page: object) =>
      (await stores.jobs.list({ limit: 3, omitsRepeated: true, ...page })).data.map(({ id }) => id)
    const found = await listed({})
    expect(found).toEqual(expect.arrayContaining([plain, fork]))
    expect(found).not.toContain(model)
    expect(await listed({ name: model })).toEqual([])
    expect(await listed({ name: model, omitsRepeated: false })).toEqual([model])
    const labels = { tags: [], metadata: Object.entries(metadata) }
    expect((await listed({ labels })).toSorted()).toEqual([plain, fork].toSorted())
    expect(await listed({ labels, omitsRepeated: false })).toHaveLength(3)
  })

  it('filters by a text in name or id, ignoring case, page by page', async () => {
    const named = async (name: string | null) => (await stores.jobs.create(newJob({ name }))).id
    const [plain, percent] = [await named('Iris with Adam'), await named('50% of_irises')]
    const nameless = await named(null)
    const found = async (page: { name: string; after?: string; limit?: number }) =>
      (await stores.jobs.list({ limit: 10, ...page })).data.map(({ id }) => id)
    expect(await found({ name: 'IRIS' })).toEqual([percent, plain])
    expect(await found({ name: 'iris', limit: 1 })).toEqual([percent])
    expect(await found({ name: 'iris', after: percent })).toEqual([plain])
    expect(await found({ name: nameless.slice(4, 20) })).toEqual([nameless])
    // Wildcards stand for themselves.
    expect(await found({ name: '%' })).toEqual([percent])
    expect(await found({ name: 'f_i' })).toEqual([percent])
    expect(await found({ name: '\\' })).toEqual([])
  })

  it('refuses a cursor that names nothing', async () => {
    const error = await errorOf(stores.jobs.list({ limit: 1, after: newId('job') }))
    expect(error).toBeInstanceOf(Problem)
    expect(error).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '/after' }] })
  })
})

describe('progress', () => {
  it('contains the existing jobs', async () => {
    const [id] = await createJobs(1)
    expect(await stores.jobs.progress([id, newId('job')])).toEqual([
      { jobId: id, status: 'queued', epoch: 0 },
    ])
    expect(await stores.jobs.progress([])).toEqual([])
  })
})

describe('cancel', () => {
  it.each(jobStatusSchema.options)('a job that is %s', async (status) => {
    const [id] = await createJobs(1)
    await setStatus(stores, id, status)
    const legal = previousStatuses('cancelled').includes(status)
    expect(await stores.jobs.cancel(id)).toBe(legal)
    const job = await stores.jobs.get(id)
    expect(job?.status).toBe<JobStatus>(legal ? 'cancelled' : status)
    expect(job?.finishedAt === null).toBe(!legal)
  })
})

describe('anyQueued', () => {
  it.each(jobStatusSchema.options)('with a job that is %s', async (status) => {
    expect(await stores.jobs.anyQueued()).toBe(false)
    const [id] = await createJobs(1)
    await setStatus(stores, id, status)
    expect(await stores.jobs.anyQueued()).toBe(status === 'queued')
  })
})

describe('jobs of dead workers', () => {
  it('are queued again if their worker is silent', async () => {
    const [silent, alive] = [await startJob(stores), await startJob(stores)]
    await silence(silent.jobId, 9)
    await stores.jobs.releaseAbandoned(8_000)
    expect(await stores.jobs.get(silent.jobId)).toMatchObject({ status: 'queued', error: null })
    expect(await stores.jobs.get(alive.jobId)).toMatchObject({ status: 'running' })
  })

  it('are queued again at once when the worker is known to be dead', async () => {
    const dead = await startJob(stores, 'worker_dead')
    const alive = await startJob(stores, 'worker_alive')
    await stores.jobs.releaseWorker('worker_dead')
    expect(await stores.jobs.get(dead.jobId)).toMatchObject({ status: 'queued' })
    expect(await stores.jobs.get(alive.jobId)).toMatchObject({ status: 'running' })
  })

  it('are queued again, also one that waits after its thread died', async () => {
    const waiting = await startJob(stores, 'worker_dead')
    expect(await stores.runs.crash(waiting, 60_000)).toBe(true)
    const other = await startJob(stores, 'worker_dead')
    await stores.jobs.releaseWorker('worker_dead')
    for (const { jobId } of [waiting, other]) {
      expect(await stores.jobs.get(jobId)).toMatchObject({ status: 'queued' })
    }
  })

  describe('that were claimed in a batch', () => {
    const capacity = capacityWith({ jobs: 4, seconds: 1 })
    const crashesOf = async (ids: string[]) => {
      const rows = await stores.database.job.findMany({
        where: { id: { in: ids } },
        orderBy: { queueNumber: 'asc' },
        select: { status: true, crashes: true, claimAlone: true },
      })
      return rows.map(({ status, crashes, claimAlone }) => `${status} ${crashes} ${claimAlone}`)
    }

    it.each([
      ['known to be dead', () => stores.jobs.releaseWorker('worker_dead')],
      ['silent', () => stores.jobs.releaseAbandoned(0)],
    ])('are blamed for nothing when the worker is %s, and claimed alone from then on', async (_name, release) => {
      const ids = await createJobs(4)
      const claims = await stores.runs.claim('worker_dead', capacity)
      expect(claims.jobs.map(({ jobId }) => jobId).toSorted()).toEqual(ids.toSorted())
      await release()
      expect(await crashesOf(ids)).toEqual(ids.map(() => 'queued 0 true'))
      const sizes = []
      for (let times = 0; times < 5; times++)
        sizes.push((await stores.runs.claim('worker_b', capacity)).jobs.length)
      expect(sizes).toEqual([1, 1, 1, 1, 0])
    })

    it('fail as worker-crashed after three crashes with one alone', async () => {
      const ids = await createJobs(2)
      await stores.runs.claim('worker_0', capacity)
      await stores.jobs.releaseWorker('worker_0')
      for (const worker of ['worker_1', 'worker_2', 'worker_3']) {
        const [claim] = (await stores.runs.claim(worker, capacity)).jobs
        expect(claim.jobId).toBe(ids[0])
        await stores.jobs.releaseWorker(worker)
      }
      expect(await crashesOf(ids)).toEqual(['failed 3 true', 'queued 0 true'])
      expect((await stores.jobs.get(ids[0]))?.error).toMatchObject({ code: 'worker-crashed' })
    })

    it('count a crash of a thread only for the job that was running', async () => {
      const ids = await createJobs(3)
      const [first, second, third] = (await stores.runs.claim('worker_a', capacity)).jobs
      expect(await stores.runs.succeed(first, linearModel())).toBe(true)
      await stores.runs.crash(second)
      expect(await stores.runs.release(third, 'worker-stopped')).toBe(true)
      expect(await crashesOf(ids)).toEqual(['succeeded 0 false', 'queued 1 true', 'queued 0 false'])
    })
  })

  it.each([
    'queued',
    'paused',
    'succeeded',
    'failed',
    'cancelled',
  ] as const)('stay as they are when they are %s', async (status) => {
    const { jobId } = await startJob(stores, 'worker_dead')
    await silence(jobId, 60)
    await stores.database.job.update({ where: { id: jobId }, data: { status } })
    await stores.jobs.releaseAbandoned(8_000)
    await stores.jobs.releaseWorker('worker_dead')
    expect(await stores.jobs.get(jobId)).toMatchObject({ status })
  })

  it('fail at the third crash without a new epoch', async () => {
    const { id } = await stores.jobs.create(newJob())
    const die = async (epochs: number[]) => {
      const claim = await claimJob(stores, id, 'worker_dead')
      const metrics = { loss: 1, accuracy: null, valLoss: null, valAccuracy: null, seconds: 0 }
      const stored = epochs.map((epoch) => ({ epoch, ...metrics }))
      if (stored.length > 0) expect(await storeEpochs(stores, claim, stored)).toBe(true)
      await stores.jobs.releaseWorker('worker_dead')
      return (await stores.jobs.get(id))?.status
    }
    expect(await die([])).toBe('queued')
    expect(await die([])).toBe('queued')
    expect(await die([1])).toBe('queued')
    expect(await die([])).toBe('queued')
    expect(await die([])).toBe('failed')
    expect(await stores.jobs.get(id)).toMatchObject({
      error: { code: 'worker-crashed', epoch: 1, message: expect.stringContaining('3 times') },
      finishedAt: expect.any(String),
      modelId: null,
    })
  })
})
