import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { epochSchema } from '../../src/contract/epoch.js'
import { epochsAsJson, lastEpoch, type PackedEpochs, unpackEpochs } from '../../src/contract/packed-epochs.js'
import { epochFrame } from '../../src/http/epoch-frame.js'
import { readEpochFrame } from '../support/epoch-frames.js'

/** Any numbers including special ones. Some columns are null throughout. */
const packed = fc
  .record({
    after: fc.integer({ min: 0, max: 2 ** 31 - 100 }),
    gaps: fc.option(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 30, maxLength: 30 })),
    rows: fc.array(fc.array(fc.double(), { minLength: 5, maxLength: 5 }), { minLength: 1, maxLength: 30 }),
    empty: fc.subarray([0, 1, 2, 3, 4]),
  })
  .map(({ after, gaps, rows, empty }): PackedEpochs => {
    const columns = rows.map((row) => row.map((value, index) => (empty.includes(index) ? Number.NaN : value)))
    let number = Math.min(after, 2 ** 31 - 200)
    return {
      after,
      numbers: gaps && Int32Array.from(gaps.slice(0, rows.length), (gap) => (number += gap)),
      metrics: Float64Array.from(columns.flatMap((row) => row.slice(0, 4))),
      seconds: Float64Array.from(columns.map((row) => Math.abs(row[4]))),
    }
  })

/** JSON has no negative zero. */
const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('packed epochs', () => {
  it('have the same JSON as their objects', () => {
    fc.assert(
      fc.property(packed, (epochs) => {
        expect(epochsAsJson(epochs)).toBe(JSON.stringify(unpackEpochs(epochs)))
        for (const epoch of unpackEpochs(epochs)) epochSchema.parse(epoch)
        expect(unpackEpochs(epochs).at(-1)?.epoch).toBe(lastEpoch(epochs))
      }),
    )
  })

  it('are not changed by a binary message', () => {
    fc.assert(
      fc.property(packed, (epochs) => {
        const read = readEpochFrame(epochFrame('job_1', epochs))
        expect(read.jobId).toBe('job_1')
        expect(throughJson(read.epochs)).toEqual(throughJson(unpackEpochs(epochs)))
      }),
    )
  })

  it('show where training diverged', () => {
    const { POSITIVE_INFINITY: infinite, NaN: none } = Number
    const epochs = {
      after: 6,
      numbers: null,
      metrics: Float64Array.from([infinite, none, none, infinite]),
      seconds: Float64Array.of(1),
    }
    const last = { epoch: 7, loss: null, accuracy: null, valLoss: null, valAccuracy: null, seconds: 1 }
    expect(unpackEpochs(epochs)).toEqual([{ ...last, diverged: true }])
  })

  it('do not encode columns that are null throughout', () => {
    const count = 1_000
    const metrics = Float64Array.from({ length: 4 * count }, (_, index) => (index % 4 === 0 ? 1 : Number.NaN))
    const frame = epochFrame('job_1', { after: 0, numbers: null, metrics, seconds: new Float64Array(count) })
    expect(frame.length).toBeLessThan(2 * 8 * count + 200)
  })
})
