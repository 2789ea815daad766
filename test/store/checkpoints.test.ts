/** Checkpoints are stored with the epochs before them, two of them are kept, and a damaged one is never used. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fillBuffers } from '../../src/base/fill-buffers.js'
import type { Epoch } from '../../src/contract/epoch.js'
import type { JobStatus } from '../../src/contract/job-status.js'
import { chunkBytes, joinPieces } from '../../src/store/bytes.js'
import type { Checkpoint } from '../../src/training/ports/checkpoints.js'
import type { Claim } from '../../src/training/ports/runs.js'
import { expectTrueCounters } from '../support/counters.js'
import { readEpochs } from '../support/read-epochs.js'
import {
  claimJob,
  epochsOf,
  linearModel,
  openStores,
  packEpochs,
  type Stores,
  startJob,
} from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

function checkpointOf(epoch: number, changes: Partial<Checkpoint> = {}): Checkpoint {
  const bytes = Uint8Array.from([epoch, 1, 2, 3])
  return {
    epoch,
    step: 0,
    backend: 'wasm',
    header: {
      position: { epoch, step: 0, lossSum: 0.1, right: 3 },
      seed: 1,
      ended: null,
      watch: { best: null, waited: 2 },
      buffers: [{ of: 'state', name: 'layers.0.weight', offset: 0, length: 1 }],
    },
    bytes,
    ...changes,
  }
}

const store = (claim: Claim, epochs: Epoch[], checkpoint: Checkpoint | null) =>
  stores.runs.record(claim, {
    epochs: packEpochs(epochs),
    seconds: 0,
    backend: 'wasm',
    backendDetail: null,
    checkpoint,
    snapshots: null,
  })

/** The checkpoint to continue from, and the warnings. */
async function read(jobId: string) {
  const warnings: string[] = []
  const stored = await stores.runs.checkpoint(jobId, (message) => warnings.push(message))
  if (stored === null) return { checkpoint: null, warnings }
  const { length, chunks, ...head } = stored
  const bytes = new Uint8Array(length)
  expect(await fillBuffers([bytes], chunks())).toBe(length)
  return { checkpoint: { ...head, bytes }, warnings }
}

/** A job with checkpoints after epochs 1, 2 and 3. */
async function threeCheckpoints(): Promise<Claim> {
  const claim = await startJob(stores)
  for (const epoch of upTo(3)) {
    expect(await store(claim, epochsOf([epoch]), checkpointOf(epoch))).toBe(true)
  }
  return claim
}

const kept = async (jobId: string) =>
  (await stores.database.checkpoint.findMany({ where: { jobId }, orderBy: { sequence: 'asc' } })).map(
    ({ epoch }) => epoch,
  )

describe('a checkpoint', () => {
  it('is read as it was stored, in any number of chunks', async () => {
    // JSON has no −0.
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
    const checkpoints: fc.Arbitrary<Checkpoint> = fc.record({
      epoch: fc.nat({ max: 1_000 }),
      step: fc.nat({ max: 1_000 }),
      backend: fc.constantFrom('wasm', 'native/avx2'),
      header: fc.record({
        position: fc.record({ epoch: fc.nat(), step: fc.nat(), lossSum: number, right: number }),
        seed: fc.maxSafeNat(),
        ended: fc.constantFrom(null, 'finished', 'earlyStopped', 'diverged'),
        watch: fc.option(fc.record({ best: fc.option(number), waited: fc.nat() })),
        buffers: fc.array(
          fc.record({
            of: fc.constantFrom('state', 'best'),
            name: fc.string({ unit: 'grapheme-ascii' }),
            offset: fc.nat(),
            length: fc.nat(),
          }),
          { maxLength: 5 },
        ),
      }),
      bytes: fc.uint8Array({ maxLength: 200 }),
    })
    const claim = await startJob(stores)
    await fc.assert(
      fc.asyncProperty(checkpoints, async (checkpoint) => {
        expect(await store(claim, [], checkpoint)).toBe(true)
        expect(await read(claim.jobId)).toEqual({ checkpoint, warnings: [] })
      }),
      { numRuns: 40 },
    )
    const large = checkpointOf(1, { bytes: new Uint8Array(2 * chunkBytes + 5).map((_, index) => index) })
    expect(await store(claim, [], large)).toBe(true)
    const { checkpoint } = await read(claim.jobId)
    expect(Buffer.compare(checkpoint?.bytes ?? new Uint8Array(), joinPieces(large.bytes))).toBe(0)
  })

  it('deletes all but the two most recent', async () => {
    const { jobId } = await threeCheckpoints()
    expect(await kept(jobId)).toEqual([2, 3])
    expect(await stores.database.checkpointChunk.count({ where: { jobId } })).toBe(2)
    expect((await read(jobId)).checkpoint).toEqual(checkpointOf(3))
  })

  it('is null if none was stored', async () => {
    const { jobId } = await startJob(stores)
    expect(await read(jobId)).toEqual({ checkpoint: null, warnings: [] })
  })

  it('is deleted with its job', async () => {
    const claim = await threeCheckpoints()
    await stores.runs.fail(claim, { code: 'diverged', message: 'NaN', epoch: 3 })
    expect(await kept(claim.jobId)).toEqual([2, 3])
    expect(await stores.jobs.delete(claim.jobId)).toBe(true)
    expect(await kept(claim.jobId)).toEqual([])
    expect(await stores.database.checkpointChunk.count({ where: { jobId: claim.jobId } })).toBe(0)
  })
})

describe('the bytes of checkpoints', () => {
  const used = async () => (await stores.tenants.use('local')).storedBytes
  const chunks = (jobId: string) => stores.database.checkpointChunk.count({ where: { jobId } })

  it('count until the job is finished, and are then deleted; its events list the checkpoints', async () => {
    const claim = await startJob(stores)
    const before = await used()
    const bytes = new Uint8Array(2 * chunkBytes + 100)
    for (const epoch of upTo(3)) await store(claim, epochsOf([epoch]), checkpointOf(epoch, { bytes }))
    const withTwo = await used()
    expect(withTwo - before).toBeGreaterThan(2 * bytes.length)
    expect(withTwo - before).toBeLessThan(2 * bytes.length + 1_000)
    await expectTrueCounters(stores.database)
    await stores.runs.succeed(claim, linearModel())
    expect(await chunks(claim.jobId)).toBe(0)
    expect(await used()).toBeLessThan(before)
    await expectTrueCounters(stores.database)
    const events = (await stores.jobs.events(claim.jobId, { limit: 10 }))?.data ?? []
    expect(events.filter(({ type }) => type === 'checkpointed').map(({ epoch }) => epoch)).toEqual([2, 3])
  })

  it.each([
    ['failed', (claim: Claim) => stores.runs.fail(claim, { code: 'internal', message: 'over', epoch: null })],
    [
      'cancelled, which its worker notices',
      async (claim: Claim) => {
        await stores.jobs.cancel(claim.jobId)
        await stores.runs.release(claim, 'worker-stopped')
      },
    ],
    [
      'cancelled while it is paused, and swept',
      async (claim: Claim) => {
        await stores.jobs.pause(claim.jobId)
        await stores.jobs.cancel(claim.jobId)
        await stores.checkpoints.cleanUp()
      },
    ],
  ])('are deleted of a job that has %s', async (_, end) => {
    const claim = await threeCheckpoints()
    expect(await chunks(claim.jobId)).toBe(2)
    await end(claim)
    expect(await chunks(claim.jobId)).toBe(0)
    await expectTrueCounters(stores.database)
  })

  it('stay through a pause, a release and a cleanup', async () => {
    const [paused, released] = [await threeCheckpoints(), await threeCheckpoints()]
    await stores.jobs.pause(paused.jobId)
    await stores.runs.release(paused, 'worker-stopped')
    await stores.runs.release(released, 'worker-stopped')
    await stores.checkpoints.cleanUp()
    expect([await chunks(paused.jobId), await chunks(released.jobId)]).toEqual([2, 2])
    expect((await read(paused.jobId)).checkpoint?.epoch).toBe(3)
  })
})

describe('a damaged checkpoint', () => {
  const newest = (jobId: string) => ({ jobId_sequence: { jobId, sequence: 3 } })
  const header = checkpointOf(3).header
  const damages: [string, (jobId: string) => Promise<unknown>][] = [
    [
      'a flipped bit',
      (jobId) =>
        stores.database.checkpointChunk.updateMany({
          where: { jobId, sequence: 3 },
          data: { bytes: Uint8Array.from([3, 1, 2, 2]) },
        }),
    ],
    [
      'a lost piece',
      (jobId) => stores.database.checkpointChunk.deleteMany({ where: { jobId, sequence: 3 } }),
    ],
    [
      'another position',
      (jobId) => stores.database.checkpoint.update({ where: newest(jobId), data: { step: 1 } }),
    ],
    [
      'another backend',
      (jobId) => stores.database.checkpoint.update({ where: newest(jobId), data: { backend: 'native' } }),
    ],
    [
      'another sum of losses',
      (jobId) =>
        stores.database.checkpoint.update({
          where: newest(jobId),
          data: { header: { ...header, position: { ...header.position, lossSum: 0.2 } } },
        }),
    ],
    [
      'a header that is none',
      (jobId) => stores.database.checkpoint.update({ where: newest(jobId), data: { header: {} } }),
    ],
  ]

  it.each(damages)('by %s is skipped, with a warning', async (_name, damage) => {
    const { jobId } = await threeCheckpoints()
    await damage(jobId)
    expect(await read(jobId)).toEqual({
      checkpoint: checkpointOf(2),
      warnings: [`checkpoint 3 of job ${jobId} is damaged and was skipped`],
    })
  })

  it('restarts the training if there is no other', async () => {
    const { jobId } = await threeCheckpoints()
    await stores.database.checkpoint.updateMany({ where: { jobId }, data: { sha256: '' } })
    const { checkpoint, warnings } = await read(jobId)
    expect(checkpoint).toBeNull()
    expect(warnings).toHaveLength(2)
  })
})

describe('a checkpoint with epochs', () => {
  it('is stored with them or not at all', async () => {
    const claim = await threeCheckpoints()
    const { database } = stores
    await database.$executeRawUnsafe(`
      CREATE FUNCTION break_checkpoint() RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN RAISE EXCEPTION ''broken disk''; END'`)
    await database.$executeRawUnsafe(`
      CREATE TRIGGER break BEFORE INSERT ON "CheckpointChunk" FOR EACH ROW EXECUTE FUNCTION break_checkpoint()`)
    await expect(store(claim, epochsOf([4]), checkpointOf(4))).rejects.toThrow('broken disk')
    await database.$executeRawUnsafe('DROP TRIGGER break ON "CheckpointChunk"')
    expect(await stores.jobs.get(claim.jobId)).toMatchObject({ epoch: 3 })
    expect(await readEpochs(stores, claim.jobId, 0, 10)).toEqual(epochsOf(upTo(3)))
    expect(await kept(claim.jobId)).toEqual([2, 3])
    expect(await store(claim, epochsOf([4]), checkpointOf(4))).toBe(true)
    expect(await kept(claim.jobId)).toEqual([3, 4])
  })

  it('is not stored if the epochs do not follow the last stored one', async () => {
    const claim = await threeCheckpoints()
    expect(await store(claim, epochsOf([5]), checkpointOf(5))).toBe(false)
    expect(await kept(claim.jobId)).toEqual([2, 3])
  })

  it.each<[JobStatus, boolean]>([
    ['running', true],
    // What was computed until the pause took effect.
    ['paused', true],
    ['queued', false],
    ['succeeded', false],
    ['failed', false],
    ['cancelled', false],
  ])('of a job that is %s is stored: %s', async (status, stored) => {
    const claim = await threeCheckpoints()
    await stores.database.job.update({ where: { id: claim.jobId }, data: { status } })
    expect(await store(claim, epochsOf([4]), checkpointOf(4))).toBe(stored)
    expect(await store(claim, [], checkpointOf(4, { step: 1 }))).toBe(stored)
    expect(await kept(claim.jobId)).toEqual(stored ? [4, 4] : [2, 3])
    expect((await stores.jobs.get(claim.jobId))?.status).toBe(status)
  })

  it('is refused from a worker that lost its job', async () => {
    const old = await threeCheckpoints()
    await stores.runs.release(old, 'worker-stopped')
    const claim = await claimJob(stores, old.jobId)
    expect(await store(old, epochsOf([4]), checkpointOf(4))).toBe(false)
    expect(await store(old, [], checkpointOf(3))).toBe(false)
    expect(await kept(old.jobId)).toEqual([2, 3])
    expect(await store(claim, epochsOf([4]), checkpointOf(4))).toBe(true)
  })

  it('is refused after a resumption, also if the job is paused again', async () => {
    const claim = await threeCheckpoints()
    expect(await stores.jobs.pause(claim.jobId)).toBe(true)
    expect(await stores.jobs.resume(claim.jobId, undefined)).toBe(true)
    expect(await store(claim, epochsOf([4]), checkpointOf(4))).toBe(false)
    await stores.jobs.pause(claim.jobId)
    expect(await store(claim, epochsOf([4]), checkpointOf(4))).toBe(false)
    expect(await kept(claim.jobId)).toEqual([2, 3])
  })

  it('counts as progress, and resets the number of crashes', async () => {
    const first = await startJob(stores, 'worker_dead')
    const id = first.jobId
    await stores.jobs.releaseWorker('worker_dead')
    await claimJob(stores, id, 'worker_dead')
    await stores.jobs.releaseWorker('worker_dead')
    const third = await claimJob(stores, id, 'worker_dead')
    expect(await store(third, [], checkpointOf(0, { step: 7 }))).toBe(true)
    await stores.jobs.releaseWorker('worker_dead')
    expect(await stores.jobs.get(id)).toMatchObject({ status: 'queued' })
  })
})
