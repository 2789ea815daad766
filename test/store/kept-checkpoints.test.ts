/** Finished jobs keep checkpoints that are far apart, within the bytes of their tenant, and the cleanup deletes the others. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkpointCleaner, type KeptCheckpoints } from '../../src/store/kept-checkpoints.js'
import { runStore } from '../../src/store/runs.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import type { Claim } from '../../src/training/ports/runs.js'
import { expectTrueCounters } from '../support/counters.js'
import { epochsOf, linearModel, openStores, packEpochs, type Stores, startJob } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

const megabyte = 1024 ** 2
const plenty: KeptCheckpoints = { seconds: 5, bytes: 1_024 * megabyte }

/** A training of one second per epoch, with a checkpoint after each. */
async function trainFor(epochs: number, rule: KeptCheckpoints, bytes = 4): Promise<Claim> {
  const runs = runStore(stores.database, unlimited, rule)
  const claim = await startJob(stores)
  for (const epoch of upTo(epochs)) {
    const position = { epoch, step: 0, lossSum: 0, right: 0 }
    const held = await runs.record(claim, {
      epochs: packEpochs(epochsOf([epoch])),
      ...{ seconds: 1, backend: 'wasm', backendDetail: null, snapshots: null },
      checkpoint: {
        ...{ epoch, step: 0, backend: 'wasm', bytes: new Uint8Array(bytes) },
        header: { position, seed: 1, ended: null, watch: null, buffers: [] },
      },
    })
    expect(held).toBe(true)
  }
  return claim
}

async function finish(claim: Claim, rule: KeptCheckpoints): Promise<void> {
  await runStore(stores.database, unlimited, rule).succeed(claim, linearModel())
}

const keptEpochs = async ({ jobId }: Claim) => {
  const where = { jobId, bytes: { gt: 0 } }
  return (await stores.database.checkpoint.findMany({ where, orderBy: { sequence: 'asc' } })).map(
    ({ epoch }) => epoch,
  )
}

/** Those of deleted rows would be left over. */
const chunks = ({ jobId }: Claim) => stores.database.checkpointChunk.count({ where: { jobId } })

describe('a finished job keeps', () => {
  it.each([
    ['none of a training that is as fast to repeat', 4, plenty, 4, []],
    ['the newest of a short training', 5, plenty, 4, [5]],
    // 34 s in intervals of 5 s.
    ['one per interval and the newest', 34, plenty, 4, [5, 10, 15, 20, 25, 30, 34]],
    // 8 intervals of 5 s are less than 42 s, so the interval doubles.
    ['fewer per second of a longer training', 42, plenty, 4, [10, 20, 30, 40, 42]],
    // 90 s / 8 is more than 10 s.
    ['no more than eight', 90, plenty, 4, [20, 40, 60, 80, 90]],
    // A sixteenth of 48 MiB has room for two of 1.2 MB: the newest, and one in the interval of 40 s.
    ['what fits into the bytes of a job', 50, { ...plenty, bytes: 48 * megabyte }, 1_200_000, [40, 50]],
    ['the newest if no other fits', 50, { ...plenty, bytes: 48 * megabyte }, 2_000_000, [50]],
    ['none if none fits', 50, { ...plenty, bytes: 16 * megabyte }, 1_200_000, []],
    ['none without bytes', 50, { ...plenty, bytes: 0 }, 4, []],
  ])('%s', async (_name, epochs, rule, bytes, expected) => {
    const claim = await trainFor(epochs, rule, bytes)
    const before = await keptEpochs(claim)
    // The running job also has the one before the newest.
    expect(before).toEqual([...new Set([...expected, epochs - 1, epochs])].toSorted((a, b) => a - b))
    await finish(claim, rule)
    expect(await keptEpochs(claim)).toEqual(expected)
    expect(await chunks(claim)).toBe(expected.length)
    await expectTrueCounters(stores.database)
  })
})

describe('the cleanup', () => {
  it('keeps the newest jobs within the bytes of the tenant, and all of unfinished jobs', async () => {
    await stores.database.checkpoint.deleteMany({})
    const finished: Claim[] = []
    for (const _ of upTo(20)) {
      const claim = await trainFor(7, plenty, 100_000)
      await finish(claim, plenty)
      finished.push(claim)
    }
    const running = await trainFor(12, plenty, 100_000)
    const cleanUp = (bytes: number) => checkpointCleaner(stores.database, { ...plenty, bytes }).cleanUp()
    await cleanUp(plenty.bytes)
    for (const claim of finished) expect(await keptEpochs(claim)).toEqual([5, 7])
    // 3.3 MB for 20 jobs with 2 checkpoints of 0.1 MB: room for 32, the newest of each job first, and for two per job.
    await cleanUp(3_300_000)
    for (const claim of finished.slice(-16)) expect(await keptEpochs(claim)).toEqual([5, 7])
    for (const claim of finished.slice(0, -16)) expect(await keptEpochs(claim)).toEqual([])
    const newest = finished[19]
    await cleanUp(0)
    expect(await keptEpochs(newest)).toEqual([])
    expect(await chunks(newest)).toBe(0)
    expect(await keptEpochs(running)).toEqual([5, 10, 11, 12])
    await expectTrueCounters(stores.database)
  })

  it('deletes what the end of a job left', async () => {
    const claim = await trainFor(12, plenty)
    await stores.jobs.pause(claim.jobId)
    await stores.jobs.cancel(claim.jobId)
    expect(await keptEpochs(claim)).toEqual([5, 10, 11, 12])
    await checkpointCleaner(stores.database, plenty).cleanUp()
    expect(await keptEpochs(claim)).toEqual([5, 10, 12])
  })
})
