/** Thinned histories of finished jobs: which epochs are kept, what counts, and how they are read. */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Epoch } from '../../src/contract/epoch.js'
import { unpackEpochs } from '../../src/contract/packed-epochs.js'
import { Live } from '../../src/live/live.js'
import { evenlySpaced } from '../../src/store/epochs.js'
import { historyThinner } from '../../src/store/history-thinner.js'
import { expectTrueCounters } from '../support/counters.js'
import { readEpochs, readThinned } from '../support/read-epochs.js'
import { clearQueue, linearModel, openStores, type Stores, startJob, storeEpochs } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(() => clearQueue(stores))

const lowest = 137

/** The loss decreases until one epoch, and increases afterwards. */
const epochsAfter = (before: number, count: number): Epoch[] =>
  upTo(count).map((index) => ({
    epoch: before + index,
    loss: Math.abs(before + index - lowest),
    accuracy: null,
    valLoss: null,
    valAccuracy: null,
    seconds: null,
  }))

/** A job with batches of these sizes, each epoch of half a second. */
async function trained(sizes: readonly number[]) {
  const claim = await startJob(stores)
  let last = 0
  for (const size of sizes) {
    await storeEpochs(stores, claim, epochsAfter(last, size), { seconds: size / 2 })
    last += size
  }
  return { claim, last }
}

async function ended(sizes: readonly number[], bestEpoch: number | null = null) {
  const { claim, last } = await trained(sizes)
  await stores.runs.succeed(claim, linearModel(), bestEpoch)
  return { id: claim.jobId, last, all: await readEpochs(stores, claim.jobId, 0, last) }
}

const thin = (most: number) => historyThinner(stores.database, most).cleanUp()

/** Page by page, as clients read. */
async function pages(id: string, limit: number): Promise<Epoch[]> {
  const found: Epoch[] = []
  for (;;) {
    const page = await readEpochs(stores, id, found.at(-1)?.epoch ?? 0, limit)
    if (page.length === 0) return found
    expect(page.length).toBeLessThanOrEqual(limit)
    found.push(...page)
  }
}

describe('thinning', () => {
  it('keeps the first, the last, the best and evenly spaced epochs unchanged', async () => {
    const { id, all, last } = await ended([1, 99, 300, 1, 599])
    await thin(100)
    const kept = await readEpochs(stores, id, 0, 1_000)
    expect(kept.map(({ epoch }) => epoch)).toEqual(
      [...new Set([...evenlySpaced(last, 99), lowest])].toSorted((one, other) => one - other),
    )
    expect(kept).toEqual(kept.map(({ epoch }) => all[epoch - 1]))
    expect(kept[0].seconds).toBe(0.5)
    expect(kept.at(-1)?.seconds).toBe(500)
  })

  it('keeps the epoch whose weights the model has', async () => {
    const { id } = await ended([500, 500], 411)
    await thin(100)
    const numbers = (await readEpochs(stores, id, 0, 1_000)).map(({ epoch }) => epoch)
    expect(numbers).toContain(411)
    expect(numbers).toHaveLength(100)
  })

  it('is shown by the job and its events', async () => {
    const { id } = await ended([1_000])
    expect(await stores.jobs.get(id)).toMatchObject({ epochsKept: null })
    await thin(100)
    expect(await stores.jobs.get(id)).toMatchObject({ epochsKept: 100, epoch: 1_000 })
    const events = (await stores.jobs.events(id, { limit: 10 }))?.data ?? []
    expect(events.slice(-2)).toMatchObject([{ type: 'ended' }, { type: 'thinned', epoch: 1_000 }])
  })

  it('subtracts the bytes from the tenant’s', async () => {
    const before = (await stores.tenants.use('local')).storedBytes
    await ended([400, 600])
    const whole = (await stores.tenants.use('local')).storedBytes
    await thin(100)
    await expectTrueCounters(stores.database)
    const thinned = (await stores.tenants.use('local')).storedBytes
    expect(whole - thinned).toBe(32 * 1_000 - (32 + 4) * 100)
    expect(thinned).toBeGreaterThan(before)
  })

  it('skips unfinished jobs and short histories', async () => {
    const { claim } = await trained([1_000])
    const short = await ended([100])
    await thin(100)
    expect(await readEpochs(stores, claim.jobId, 0, 2_000)).toHaveLength(1_000)
    expect(await readEpochs(stores, short.id, 0, 2_000)).toEqual(short.all)
    expect(await stores.jobs.get(short.id)).toMatchObject({ epochsKept: null })
  })

  it('does nothing without the setting', async () => {
    const { id, all } = await ended([1_000])
    await historyThinner(stores.database, undefined).cleanUp()
    expect(await readEpochs(stores, id, 0, 2_000)).toEqual(all)
  })

  it('finds at each cleanup the jobs that finished since, of each status', async () => {
    const thinner = historyThinner(stores.database, 100)
    await thinner.cleanUp()
    const first = await ended([200])
    const failed = (await trained([300])).claim
    await stores.runs.fail(failed, { code: 'internal', message: 'over', epoch: null })
    const cancelled = (await trained([400])).claim
    await stores.jobs.cancel(cancelled.jobId)
    await thinner.cleanUp()
    for (const id of [first.id, failed.jobId, cancelled.jobId]) {
      // The best may be one of the evenly spaced.
      expect([99, 100]).toContain((await stores.jobs.get(id))?.epochsKept)
    }
  })

  it('thins further after the setting is lowered', async () => {
    const { id, all } = await ended([1_000])
    await thin(500)
    await thin(100)
    const kept = await readEpochs(stores, id, 0, 1_000)
    expect(kept).toHaveLength(100)
    expect(kept).toEqual(kept.map(({ epoch }) => all[epoch - 1]))
    expect([kept[0].epoch, kept.at(-1)?.epoch]).toEqual([1, 1_000])
    expect(kept.map(({ epoch }) => epoch)).toContain(lowest)
    await expectTrueCounters(stores.database)
  })
})

describe('a thinned history', () => {
  it('is read page by page, for any pages and batches', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 })
    const numbers = fc.integer({ min: 2, max: 60 })
    await fc.assert(
      fc.asyncProperty(
        sizes,
        numbers,
        numbers,
        fc.nat({ max: 1_600 }),
        async (batches, most, limit, after) => {
          const { id, all, last } = await ended(batches)
          await thin(most)
          const kept = await pages(id, limit)
          expect(kept).toEqual(kept.map(({ epoch }) => all[epoch - 1]))
          expect(kept.length).toBeLessThanOrEqual(most)
          expect(kept.at(-1)?.epoch).toBe(last)
          expect(await readEpochs(stores, id, after, limit)).toEqual(
            kept.filter(({ epoch }) => epoch > after).slice(0, limit),
          )
          const positions = evenlySpaced(kept.length, limit)
          expect(await readThinned(stores, id, limit)).toEqual(positions.map((index) => kept[index - 1]))
        },
      ),
      { numRuns: 15 },
    )
  })

  it('is replayed from any epoch, to several watchers', async () => {
    const { id, last } = await ended([700, 1, 2_299])
    await thin(400)
    const kept = await readEpochs(stores, id, 0, last)
    const boundaries = { readAfter: async () => ({ frames: [], position: -1 }) }
    const live = new Live(stores.watching, boundaries, () => {})
    try {
      const replays = await Promise.all(
        [0, 0, 1, 650, 2_999].map(async (after) => {
          const watch = await live.open('local', id, after)
          const epochs: Epoch[] = []
          const end = await watch?.follow({
            isReady: () => true,
            async send(message) {
              if (message.type === 'epochs') epochs.push(...unpackEpochs(message.epochs))
            },
          })
          return { after, epochs, end }
        }),
      )
      for (const { after, epochs, end } of replays) {
        expect(end).toBe('ended')
        expect(epochs).toEqual(kept.filter(({ epoch }) => epoch > after))
      }
    } finally {
      live.close()
    }
  })
})
