/** Writes of a worker, and when they are refused. */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Epoch } from '../../src/contract/epoch.js'
import { type JobStatus, jobStatusSchema, previousStatuses } from '../../src/contract/job-status.js'
import { newId } from '../../src/training/new-id.js'
import type { Claim } from '../../src/training/ports/runs.js'
import { byTest } from '../support/actor.js'
import { readEpochs } from '../support/read-epochs.js'
import {
  claimJob,
  claimNext,
  epochsOf,
  linearModel,
  newJob,
  openStores,
  type Stores,
  setStatus,
  startJob,
  storeEpochs,
} from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

/** All writes under a claim, and the status after each. */
const writes: {
  name: string
  to: JobStatus
  /** The statuses in which it applies. */
  states: JobStatus[]
  write: (claim: Claim) => Promise<boolean | null>
}[] = [
  {
    name: 'record',
    to: 'running',
    // Epochs that were computed before a pause took effect are stored.
    states: ['running', 'paused'],
    write: (claim) => storeEpochs(stores, claim, epochsOf([1])),
  },
  {
    name: 'heartbeat',
    to: 'running',
    states: ['running'],
    write: async (claim) => (await stores.runs.heartbeat([claim])).length === 1,
  },
  {
    name: 'succeed',
    to: 'succeeded',
    states: ['running'],
    write: (claim) => stores.runs.succeed(claim, linearModel()),
  },
  {
    name: 'fail',
    to: 'failed',
    states: ['running'],
    write: (claim) => stores.runs.fail(claim, { code: 'diverged', message: 'NaN', epoch: 1 }),
  },
  {
    name: 'release',
    to: 'queued',
    states: ['running'],
    write: (claim) => stores.runs.release(claim, 'worker-stopped'),
  },
  {
    name: 'postpone',
    to: 'running',
    states: ['running'],
    write: async (claim) => (await stores.runs.postpone(claim, 'database-full')) !== null,
  },
  {
    name: 'crash',
    to: 'queued',
    states: ['running'],
    write: (claim) => stores.runs.crash(claim).then(() => null),
  },
]

/** The row of the job, its epochs and its model, to check that nothing changed. */
async function everythingOf(id: string): Promise<unknown> {
  return stores.database.job.findUniqueOrThrow({
    where: { id },
    include: { epochBatches: true, checkpoints: true, model: true },
  })
}

async function inStatus(status: JobStatus): Promise<Claim> {
  const claim = await startJob(stores)
  await stores.database.job.update({ where: { id: claim.jobId }, data: { status } })
  return claim
}

const statuses = jobStatusSchema.options

describe('a claim', () => {
  beforeEach(async () => {
    await stores.database.job.deleteMany()
  })

  it.each(statuses)('with only a job that is %s', async (status) => {
    const { id } = await stores.jobs.create(newJob())
    await setStatus(stores, id, status, { heartbeatAt: new Date() })
    const before = await everythingOf(id)
    const claim = await claimNext(stores.runs, 'worker_b')
    if (status === 'queued') {
      expect(claim).toMatchObject({ jobId: id, attempt: 1, storedEpoch: 0, spec: { dataset: 'xor' } })
      expect(await stores.jobs.get(id)).toMatchObject({ status: 'running', startedAt: expect.any(String) })
    } else {
      expect(claim).toBeNull()
      expect(await everythingOf(id)).toEqual(before)
    }
  })

  it('with no job at all', async () => {
    expect(await claimNext(stores.runs, 'worker_b')).toBeNull()
  })

  it('goes to one of many', async () => {
    const { id } = await stores.jobs.create(newJob())
    const claims = await Promise.all(upTo(10).map((worker) => claimNext(stores.runs, `worker_${worker}`)))
    expect(claims.flatMap((claim) => claim?.jobId ?? [])).toEqual([id])
  })

  it('takes jobs of silent workers, until the third crash without a new epoch', async () => {
    const first = await startJob(stores)
    await storeEpochs(stores, first, epochsOf(upTo(3)))
    const startedAt = (await stores.jobs.get(first.jobId))?.startedAt
    for (const [attempt, outcome] of [
      [2, 'taken'],
      [3, 'taken'],
      [4, 'failed'],
    ] as const) {
      await stores.database.job.update({
        where: { id: first.jobId },
        data: { heartbeatAt: new Date(Date.now() - 5_000) },
      })
      await stores.jobs.releaseAbandoned(4_000)
      const claim = await claimNext(stores.runs, 'worker_b')
      if (outcome === 'taken') expect(claim).toMatchObject({ attempt, storedEpoch: 3 })
      else expect(claim).toBeNull()
    }
    const job = await stores.jobs.get(first.jobId)
    expect(job).toMatchObject({ status: 'failed', error: { code: 'worker-crashed', epoch: 3 }, startedAt })
  })
})

describe('a job whose progress the database does not take', () => {
  it('waits longer each time, and fails at the twentieth without a new epoch', async () => {
    const { jobId } = await startJob(stores)
    const again = async () => {
      const claim = await claimJob(stores, jobId)
      return stores.runs.postpone(claim, 'database-full')
    }
    const requeue = async () => {
      const { attempt } = await stores.database.job.findUniqueOrThrow({ where: { id: jobId } })
      expect(await stores.runs.requeue({ jobId, attempt })).toBe(true)
    }
    await requeue()
    expect(await again()).toBe(1_000)
    expect(await stores.jobs.get(jobId)).toMatchObject({ status: 'running' })
    const { data } = (await stores.jobs.of('local').events(jobId, { limit: 100 })) ?? { data: [] }
    const [released] = data.filter(({ type }) => type === 'released')
    expect(released).toMatchObject({ reason: 'database-full', epoch: 0 })
    expect(Date.parse(released?.retryAt ?? '') - Date.parse(released?.at ?? '')).toBe(1_000)
    await requeue()
    expect(await again()).toBe(2_000)
    await requeue()
    const claim = await claimJob(stores, jobId)
    await storeEpochs(stores, claim, epochsOf([1]))
    const pauses = [await stores.runs.postpone(claim, 'database-unavailable')]
    for (let outage = 2; outage < 20; outage++) {
      await requeue()
      pauses.push(await again())
    }
    const doubled = [1, 2, 4, 8, 16, 32, 64, 128, 256].map((seconds) => 1_000 * seconds)
    expect(pauses).toEqual([...doubled, ...Array(10).fill(300_000)])
    expect(await stores.database.job.findUnique({ where: { id: jobId } })).toMatchObject({ crashes: 0 })
    await requeue()
    expect(await again()).toBeNull()
    expect(await stores.jobs.get(jobId)).toMatchObject({
      status: 'failed',
      error: { code: 'internal', message: expect.stringContaining('20 attempts') },
    })
  })
})

describe.each(writes)('$name', ({ to, states, write }) => {
  it.each(statuses)('on a job that is %s', async (status) => {
    const claim = await inStatus(status)
    const before = await everythingOf(claim.jobId)
    const done = await write(claim)
    if (done !== null) expect(done).toBe(states.includes(status))
    if (!states.includes(status)) {
      expect(await everythingOf(claim.jobId)).toEqual(before)
      return
    }
    expect((await stores.jobs.get(claim.jobId))?.status).toBe(to === 'running' ? status : to)
    if (to !== 'running') expect(previousStatuses(to)).toContain(status)
  })

  it('by a worker that lost its job', async () => {
    const old = await startJob(stores)
    await stores.database.job.update({ where: { id: old.jobId }, data: { heartbeatAt: new Date(0) } })
    await stores.jobs.releaseAbandoned(8_000)
    const claim = await claimJob(stores, old.jobId)
    expect(claim.attempt).toBe(old.attempt + 1)
    const before = await everythingOf(old.jobId)
    expect(await write(old)).not.toBe(true)
    expect(await everythingOf(old.jobId)).toEqual(before)
  })

  it('by a worker that released the job', async () => {
    const claim = await startJob(stores)
    await stores.runs.release(claim, 'worker-stopped')
    const before = await everythingOf(claim.jobId)
    await write(claim)
    expect(await everythingOf(claim.jobId)).toEqual(before)
  })
})

describe('record', () => {
  it('takes only epochs that follow the last stored one', async () => {
    const claim = await startJob(stores)
    const append = (numbers: number[]) => storeEpochs(stores, claim, epochsOf(numbers))
    expect(await append([2])).toBe(false)
    expect(await append([1, 2, 3])).toBe(true)
    expect(await append([1, 2, 3])).toBe(false)
    expect(await append([3, 4])).toBe(false)
    expect(await append([5])).toBe(false)
    expect(await append([])).toBe(true)
    expect(await append([4])).toBe(true)
    expect((await readEpochs(stores, claim.jobId, 0, 100)).map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4])
    expect(await stores.jobs.get(claim.jobId)).toMatchObject({
      epoch: 4,
      backend: 'wasm',
      metrics: { loss: 0.25 },
    })
  })

  it('stores each epoch once, across concurrent writes', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(lengths, async (batches) => {
        const claim = await startJob(stores)
        let end = 0
        for (const length of batches) {
          const begin = end
          end += length
          const epochs = epochsOf(upTo(end).slice(begin))
          const done = await Promise.all(upTo(4).map(() => storeEpochs(stores, claim, epochs)))
          expect(done.filter(Boolean)).toHaveLength(1)
        }
        expect(await readEpochs(stores, claim.jobId, 0, 1_000)).toEqual(epochsOf(upTo(end)))
      }),
      { numRuns: 10 },
    )
  })

  it('keeps the history of a diverged run, and fails it with its epoch', async () => {
    const claim = await startJob(stores)
    const last: Epoch = {
      epoch: 2,
      loss: null,
      accuracy: 0.5,
      valLoss: null,
      valAccuracy: null,
      seconds: 0,
      diverged: true,
    }
    await storeEpochs(stores, claim, [...epochsOf([1]), last])
    await stores.runs.fail(claim, { code: 'diverged', message: 'too fast', epoch: 2 })
    expect(await readEpochs(stores, claim.jobId, 0, 10)).toEqual([...epochsOf([1]), last])
    expect(await stores.jobs.get(claim.jobId)).toMatchObject({
      status: 'failed',
      metrics: { loss: null, accuracy: 0.5 },
      error: { code: 'diverged', message: 'too fast', epoch: 2 },
    })
  })
})

describe('heartbeat', () => {
  it('returns which claims hold', async () => {
    const [held, lost] = [await startJob(stores), await startJob(stores)]
    await stores.jobs.cancel(lost.jobId)
    expect(await stores.runs.heartbeat([held, lost, { ...held, attempt: 9 }])).toEqual([
      { jobId: held.jobId, attempt: held.attempt },
    ])
    expect(await stores.runs.heartbeat([])).toEqual([])
  })
})

describe('succeed', () => {
  it('creates the model with the last metrics of its job', async () => {
    const claim = await startJob(stores)
    await storeEpochs(stores, claim, epochsOf([1, 2]))
    const model = linearModel()
    expect(await stores.runs.succeed(claim, model)).toBe(true)
    expect(await stores.jobs.get(claim.jobId)).toMatchObject({ status: 'succeeded', modelId: model.id })
    expect(await stores.models.get(model.id)).toMatchObject({
      jobId: claim.jobId,
      metrics: { loss: 0.5 },
      epoch: 2,
    })
  })

  it('shows the metrics of the best epoch, whose weights the model has, everywhere', async () => {
    await stores.webhooks.create(
      {
        id: newId('webhook'),
        tenantId: 'local',
        url: 'https://example.com',
        events: ['job.succeeded'],
        secret: 'whsec_',
      },
      byTest,
    )
    const claim = await startJob(stores)
    // Two batches; the best epoch is in the first.
    const measured = (epoch: number) => ({
      ...{ epoch, loss: 1 / epoch, accuracy: epoch / 10, seconds: 0 },
      ...{ valLoss: Math.abs(epoch - 3), valAccuracy: epoch === 3 ? 16 / 18 : 14 / 18 },
    })
    await storeEpochs(stores, claim, [1, 2, 3, 4].map(measured))
    await storeEpochs(stores, claim, [5, 6].map(measured))
    expect(await stores.jobs.get(claim.jobId)).toMatchObject({ bestEpoch: null, metrics: { valLoss: 3 } })
    const model = linearModel()
    expect(await stores.runs.succeed(claim, model, 3)).toBe(true)
    const metrics = { loss: 1 / 3, accuracy: 0.3, valLoss: 0, valAccuracy: 16 / 18 }
    const job = await stores.jobs.get(claim.jobId)
    expect(job).toMatchObject({ epoch: 6, bestEpoch: 3, metrics })
    expect((await stores.jobs.list({ limit: 100 })).data).toContainEqual(job)
    expect(await stores.models.get(model.id)).toMatchObject({ epoch: 3, metrics })
    const [delivery] = await stores.webhooks.claim({ attempts: 1, perTenant: 1, perWebhook: 1 }, 60)
    expect(JSON.parse(delivery.body).data).toMatchObject({ epoch: 6, bestEpoch: 3, metrics })
    expect((await readEpochs(stores, claim.jobId, 5, 1))[0]).toMatchObject({ epoch: 6, valLoss: 3 })
  })

  it('leaves no model and a running job if it fails in the middle of the weights', async () => {
    const claim = await startJob(stores)
    const model = linearModel({ weights: new Uint8Array(9 * 1024 * 1024) })
    await stores.database.$executeRawUnsafe(`
      CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''broken disk''; END'`)
    await stores.database.$executeRawUnsafe(`
      CREATE TRIGGER break BEFORE INSERT ON "WeightChunk"
      FOR EACH ROW WHEN (NEW.index = 2) EXECUTE FUNCTION break()`)
    await expect(stores.runs.succeed(claim, model)).rejects.toThrow('broken disk')
    await stores.database.$executeRawUnsafe('DROP TRIGGER break ON "WeightChunk"')
    expect(await stores.models.get(model.id)).toBeNull()
    expect(await stores.database.weightChunk.count({ where: { modelId: model.id } })).toBe(0)
    expect(await stores.jobs.get(claim.jobId)).toMatchObject({ status: 'running', modelId: null })
    expect(await stores.runs.succeed(claim, model)).toBe(true)
  })
})
