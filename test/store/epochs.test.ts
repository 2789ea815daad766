import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Epoch } from '../../src/contract/epoch.js'
import { evenlySpaced, finiteMetrics } from '../../src/store/epochs.js'
import { newId } from '../../src/training/new-id.js'
import { readEpochs, readThinned } from '../support/read-epochs.js'
import { openStores, type Stores, startJob, storeEpochs } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

const number = fc.double({ noNaN: true, noDefaultInfinity: true })
const metrics = fc.record({
  loss: fc.option(number),
  accuracy: fc.option(number),
  valLoss: fc.option(number),
  valAccuracy: fc.option(number),
})

/** A history cut into batches. */
const history = fc
  .array(fc.array(metrics, { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 8 })
  .map((batches) => {
    let epoch = 0
    return batches.map((batch): Epoch[] => batch.map((each) => ({ epoch: ++epoch, ...each, seconds: 0 })))
  })

async function store(batches: Epoch[][]): Promise<string> {
  const claim = await startJob(stores)
  for (const batch of batches) await storeEpochs(stores, claim, batch)
  return claim.jobId
}

describe('read', () => {
  it('returns the stored epochs, from any position, up to any number', async () => {
    const position = fc.nat({ max: 500 })
    await fc.assert(
      fc.asyncProperty(history, position, fc.integer({ min: 1, max: 500 }), async (batches, after, limit) => {
        const id = await store(batches)
        const expected = batches.flat().slice(after, after + limit)
        expect(await readEpochs(stores, id, after, limit)).toEqual(expected)
      }),
      { numRuns: 15 },
    )
  })

  it('continues over more batches than one page has', async () => {
    const epochs = upTo(130).map((epoch) => ({
      epoch,
      loss: epoch,
      accuracy: null,
      valLoss: null,
      valAccuracy: null,
      seconds: 0,
    }))
    const id = await store(epochs.map((epoch) => [epoch]))
    expect(await readEpochs(stores, id, 3, 1_000)).toEqual(epochs.slice(3))
  })

  it('returns nothing for a job that does not exist', async () => {
    expect(await readEpochs(stores, newId('job'), 0, 10)).toEqual([])
    expect(await readThinned(stores, newId('job'), 10)).toEqual([])
  })
})

describe('readThinned', () => {
  it('returns evenly spaced epochs', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 1, max: 100 }), async (batches, points) => {
        const id = await store(batches)
        const all = batches.flat()
        const wanted = evenlySpaced(all.length, points)
        expect(await readThinned(stores, id, points)).toEqual(wanted.map((epoch) => all[epoch - 1]))
      }),
      { numRuns: 15 },
    )
  })
})

describe('the seconds of epochs', () => {
  const epochs = (...numbers: number[]) =>
    numbers.map((epoch) => ({
      epoch,
      loss: 1,
      accuracy: null,
      valLoss: null,
      valAccuracy: null,
      seconds: null,
    }))

  it('continue from batch to batch, evenly within each, and do not depend on the position of the page', async () => {
    const claim = await startJob(stores)
    await storeEpochs(stores, claim, epochs(1, 2, 3, 4), { seconds: 2 })
    // An epoch that was stopped in the middle is known by its checkpoint only.
    await storeEpochs(stores, claim, [], { seconds: 1 })
    await storeEpochs(stores, claim, epochs(5), { seconds: 3 })
    await storeEpochs(stores, claim, epochs(6, 7, 8), { seconds: 0.1 })
    const expected = [0.5, 1, 1.5, 2, 6, 6.033333, 6.066667, 6.1]
    for (const after of upTo(8)) {
      const read = await readEpochs(stores, claim.jobId, after - 1, 3)
      expect(read.map(({ seconds }) => seconds)).toEqual(expected.slice(after - 1, after + 2))
    }
    const thinned = await readThinned(stores, claim.jobId, 4)
    expect(thinned.map(({ epoch, seconds }) => [epoch, seconds])).toEqual(
      evenlySpaced(8, 4).map((epoch) => [epoch, expected[epoch - 1]]),
    )
  })

  it('are unknown for a job of an earlier release, also for its new epochs', async () => {
    const claim = await startJob(stores)
    await stores.database.job.update({ where: { id: claim.jobId }, data: { trainingSeconds: null } })
    await storeEpochs(stores, claim, epochs(1, 2), { seconds: 2 })
    expect(await readEpochs(stores, claim.jobId, 0, 10)).toEqual(epochs(1, 2))
  })
})

describe('evenlySpaced', () => {
  it('increases from the first to the last, with nearly equal gaps', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000_000 }),
        fc.integer({ min: 2, max: 1_000 }),
        (last, points) => {
          const numbers = evenlySpaced(last, points)
          expect(numbers).toHaveLength(Math.min(last, points))
          expect([numbers[0], numbers.at(-1)]).toEqual([1, last])
          const gaps = numbers.slice(1).map((each, index) => each - numbers[index])
          const even = (last - 1) / (numbers.length - 1)
          expect(gaps.every((gap) => gap >= 1 && Math.abs(gap - even) <= 1)).toBe(true)
        },
      ),
    )
  })

  it('is empty for no epochs', () => {
    expect(evenlySpaced(0, 5)).toEqual([])
    expect(evenlySpaced(7, 1)).toEqual([7])
  })
})

describe('metrics on the wire', () => {
  it('contain only values that JSON can express', () => {
    const row = { loss: Number.NaN, accuracy: Number.POSITIVE_INFINITY, valLoss: null, valAccuracy: 1 }
    expect(finiteMetrics(row)).toEqual({ loss: null, accuracy: null, valLoss: null, valAccuracy: 1 })
  })
})
