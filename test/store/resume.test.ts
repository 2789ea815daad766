/** What a resumption may change, and from which epoch. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type JobStatus, jobStatusSchema } from '../../src/contract/job-status.js'
import { Problem } from '../../src/contract/problems.js'
import { newId } from '../../src/training/new-id.js'
import type { Checkpoint } from '../../src/training/ports/checkpoints.js'
import type { ClaimedJob } from '../../src/training/ports/runs.js'
import {
  claimJob,
  epochsOf,
  newJob,
  openStores,
  packEpochs,
  type Stores,
  setStatus,
  startJob,
} from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

function checkpointAt(epoch: number, step: number): Checkpoint {
  const position = { epoch, step, lossSum: 0, right: 0 }
  const header = { position, seed: 1, ended: null, watch: null, buffers: [] }
  return { epoch, step, backend: 'wasm', header, bytes: new Uint8Array(4) }
}

/** Epochs after the stored ones, up to this one, and a checkpoint. */
async function progress(claim: ClaimedJob, epoch: number, checkpoint: Checkpoint | null): Promise<void> {
  const stored = (await stores.jobs.get(claim.jobId))?.epoch ?? 0
  const epochs = epochsOf(upTo(epoch).slice(stored))
  expect(
    await stores.runs.record(claim, {
      epochs: packEpochs(epochs),
      seconds: 0,
      backend: 'wasm',
      backendDetail: null,
      checkpoint,
      snapshots: null,
    }),
  ).toBe(true)
}

/** A paused job of 100 epochs at this position. */
async function paused(epoch: number, checkpoint: Checkpoint | null): Promise<string> {
  const claim = await startJob(stores)
  if (epoch > 0 || checkpoint !== null) await progress(claim, epoch, checkpoint)
  expect(await stores.jobs.pause(claim.jobId)).toBe(true)
  return claim.jobId
}

async function refusalOf(action: Promise<unknown>): Promise<Problem> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Problem)) throw new Error(`no Problem but ${error}`)
  return error
}

describe('resume', () => {
  it.each(jobStatusSchema.options)('of a job that is %s', async (status) => {
    const { id } = await stores.jobs.create(newJob())
    await setStatus(stores, id, status)
    const before = await stores.database.job.findUnique({ where: { id } })
    expect(await stores.jobs.resume(id, { epochs: 200 })).toBe(status === 'paused')
    if (status === 'paused') expect((await stores.jobs.get(id))?.status).toBe<JobStatus>('queued')
    else expect(await stores.database.job.findUnique({ where: { id } })).toEqual(before)
  })

  it('of a job that does not exist', async () => {
    expect(await stores.jobs.resume(newId('job'), undefined)).toBe(false)
  })

  it('without a change records none, also if the values are equal', async () => {
    const id = await paused(3, null)
    const { spec, epochs } = (await stores.jobs.get(id)) ?? {}
    for (const change of [undefined, null, {}, { epochs: 100 }, { learningRate: 0.001 }]) {
      expect(await stores.jobs.resume(id, change)).toBe(true)
      expect(await stores.jobs.get(id)).toMatchObject({ status: 'queued', spec, epochs, changes: [] })
      await stores.jobs.pause(id)
    }
  })

  it('of a job that was paused in the queue applies from the first epoch', async () => {
    const { id } = await stores.jobs.create(newJob())
    expect(await stores.jobs.pause(id)).toBe(true)
    expect(await stores.jobs.resume(id, { epochs: 7, learningRate: 0.5 })).toBe(true)
    const before = { epochs: 100, learningRate: 0.001 }
    const after = { epochs: 7, learningRate: 0.5 }
    expect(await stores.jobs.get(id)).toMatchObject({
      epochs: 7,
      spec: { epochs: 7, optimizer: { type: 'adam', learningRate: 0.5 } },
      changes: [{ at: expect.any(String), fromEpoch: 1, before, after }],
    })
    const claim = await claimJob(stores, id)
    expect(claim).toMatchObject({ storedEpoch: 0, changes: [{ fromEpoch: 1 }], spec: { epochs: 7 } })
  })

  it.each([
    ['at the end of an epoch', 10, checkpointAt(10, 0), 11],
    ['within an epoch', 10, checkpointAt(10, 3), 12],
    ['within the first epoch', 0, checkpointAt(0, 3), 2],
    ['before its first step', 0, checkpointAt(0, 0), 1],
    // Another attempt may have begun the epoch after the stored ones.
    ['after its checkpoint', 10, checkpointAt(8, 0), 12],
    ['without a checkpoint', 10, null, 12],
    ['without a checkpoint or an epoch', 0, null, 1],
  ])('of a job paused %s holds from the first epoch that has not begun', async (_name, epoch, checkpoint, fromEpoch) => {
    const id = await paused(epoch, checkpoint)
    expect(await stores.jobs.resume(id, { learningRate: 0.1 })).toBe(true)
    expect((await stores.jobs.get(id))?.changes).toMatchObject([{ fromEpoch }])
  })

  it('does not revert an earlier change, at any position of the job', async () => {
    const id = await paused(10, null)
    await stores.jobs.resume(id, { learningRate: 0.1 })
    const claim = await claimJob(stores, id)
    await progress(claim, 10, checkpointAt(10, 0))
    await stores.jobs.pause(id)
    await stores.jobs.resume(id, { learningRate: 0.2 })
    await stores.jobs.pause(id)
    await stores.jobs.resume(id, { epochs: 50 })
    expect((await stores.jobs.get(id))?.changes).toMatchObject([
      { fromEpoch: 12, before: { learningRate: 0.001 }, after: { learningRate: 0.1 } },
      { fromEpoch: 12, before: { learningRate: 0.1 }, after: { learningRate: 0.2 } },
      { fromEpoch: 12, before: { epochs: 100 }, after: { epochs: 50, learningRate: 0.2 } },
    ])
  })

  it.each([
    ['with the last epoch begun', 99, checkpointAt(99, 1), { epochs: 200 }, 'its epoch 100 of 100'],
    ['with every epoch done', 100, checkpointAt(100, 0), { learningRate: 1 }, 'its epoch 100 of 100'],
    ['to fewer epochs than begun', 10, checkpointAt(10, 1), { epochs: 11 }, 'its epoch 11 of 100'],
  ])('is refused %s, and the job stays paused as it is', async (_name, epoch, checkpoint, change, says) => {
    const id = await paused(epoch, checkpoint)
    const before = await stores.jobs.get(id)
    const refusal = await refusalOf(stores.jobs.resume(id, change))
    expect(refusal).toMatchObject({ code: 'invalid-spec', errors: [{ pointer: '/epochs' }] })
    expect(refusal.detail).toContain(says)
    expect(await stores.jobs.get(id)).toEqual(before)
    expect(await stores.jobs.resume(id, undefined)).toBe(true)
  })

  it('may end the training after the epoch that has begun', async () => {
    const id = await paused(10, checkpointAt(10, 1))
    expect(await stores.jobs.resume(id, { epochs: 12 })).toBe(true)
    expect(await stores.jobs.get(id)).toMatchObject({ epochs: 12, changes: [{ fromEpoch: 12 }] })
  })

  it('raises the attempt, so that a worker that missed the pause writes nothing more', async () => {
    const claim = await startJob(stores)
    await stores.jobs.pause(claim.jobId)
    await stores.jobs.resume(claim.jobId, undefined)
    await stores.jobs.pause(claim.jobId)
    const late = { epochs: packEpochs(epochsOf([1])), seconds: 0, backend: 'wasm', backendDetail: null }
    expect(await stores.runs.record(claim, { ...late, checkpoint: null, snapshots: null })).toBe(false)
    expect(await stores.jobs.get(claim.jobId)).toMatchObject({ status: 'paused', epoch: 0 })
  })
})

describe('a change of an unfinished job', () => {
  it('in the queue applies from the first epoch, or after a stated one', async () => {
    const { id } = await stores.jobs.create(newJob())
    expect(await stores.jobs.changeRun(id, { learningRate: 0.5 })).toBe(true)
    expect(await stores.jobs.changeRun(id, { epochs: 150, afterEpoch: 40 })).toBe(true)
    const job = await stores.jobs.get(id)
    expect(job?.changes.map(({ fromEpoch }) => fromEpoch)).toEqual([1, 41])
    expect(job).toMatchObject({ status: 'queued', epochs: 150, spec: { epochs: 150 } })
    // A run cannot be reused by the identity of another spec.
    expect((await stores.database.job.findUnique({ where: { id } }))?.identity).toBeNull()
  })

  it('that runs refuses the writes of the worker from then on', async () => {
    const claim = await startJob(stores)
    await stores.runs.record(claim, progressOf([1, 2, 3]))
    expect(await stores.jobs.changeRun(claim.jobId, { learningRate: 0.5 })).toBe(true)
    expect(await stores.jobs.get(claim.jobId)).toMatchObject({ status: 'queued', epoch: 3 })
    expect(await stores.runs.record(claim, progressOf([4, 5, 6]))).toBe(false)
    const again = await claimJob(stores, claim.jobId)
    expect(again.changes).toMatchObject([{ fromEpoch: 5, after: { learningRate: 0.5 } }])
  })

  it('that is paused refuses the writes of a worker that missed the pause', async () => {
    const claim = await startJob(stores)
    await stores.runs.record(claim, progressOf([1, 2, 3]))
    await stores.jobs.pause(claim.jobId)
    expect(await stores.runs.record(claim, progressOf([4]))).toBe(true)
    expect(await stores.jobs.changeRun(claim.jobId, { epochs: 7 })).toBe(true)
    // Epoch 8 would be after the end of the job.
    expect(await stores.runs.record(claim, progressOf([5, 6, 7, 8]))).toBe(false)
    expect(await stores.jobs.get(claim.jobId)).toMatchObject({ status: 'paused', epoch: 4, epochs: 7 })
    expect(await stores.jobs.resume(claim.jobId, undefined)).toBe(true)
    expect(await claimJob(stores, claim.jobId)).toMatchObject({ changes: [{ fromEpoch: 6 }] })
  })

  it('is refused for an epoch that is stored, that a fork repeats, or after the end', async () => {
    const claim = await startJob(stores)
    await stores.runs.record(claim, progressOf([1, 2, 3]))
    const late = stores.jobs.changeRun(claim.jobId, { learningRate: 0.5, afterEpoch: 2 })
    await expect(late).rejects.toMatchObject({ code: 'epoch-begun' })
    const fork = await stores.jobs.create(newJob({ replay: { jobId: claim.jobId, epoch: 20 } }))
    const repeated = stores.jobs.changeRun(fork.id, { learningRate: 0.5, afterEpoch: 19 })
    await expect(repeated).rejects.toMatchObject({ code: 'epoch-begun' })
    await setStatus(stores, claim.jobId, 'failed')
    expect(await stores.jobs.changeRun(claim.jobId, { learningRate: 0.5 })).toBe(false)
  })
})

const progressOf = (numbers: number[]) => ({
  ...{ epochs: packEpochs(epochsOf(numbers)), seconds: 0, backend: 'wasm', backendDetail: null },
  ...{ checkpoint: null, snapshots: null },
})
