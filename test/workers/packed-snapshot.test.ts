import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkpointHeaderSchema } from '../../src/contract/checkpoint.js'
import type { Snapshot } from '../../src/engine/index.js'
import { orderArrays, packSnapshot, unpackSnapshot } from '../../workers/packed-snapshot.js'

// JSON has no −0 and nothing infinite, and no sum of losses is either.
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
const buffers = fc.dictionary(
  fc.stringMatching(/^[a-z0-9.]{1,12}$/),
  // Weights may be anything, also what no JSON could carry.
  fc.float32Array({ minLength: 1, maxLength: 6 }),
  { noNullPrototype: true, minKeys: 1 },
)

const snapshots: fc.Arbitrary<Snapshot> = fc.record({
  seed: fc.maxSafeNat(),
  position: fc.record({ epoch: fc.nat(), step: fc.nat(), lossSum: number, right: number }),
  ended: fc.constantFrom(null, 'finished', 'earlyStopped', 'diverged'),
  state: buffers,
  watch: fc.option(fc.record({ best: fc.option(number), waited: fc.nat() })),
  best: fc.option(buffers),
})

describe('a packed snapshot', () => {
  it('unpacks to the same snapshot, also after its header was written as JSON', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const packed = packSnapshot(snapshot, 'wasm/simd')
        const { epoch, step } = snapshot.position
        expect(packed).toMatchObject({ epoch, step, backend: 'wasm/simd' })
        const header = checkpointHeaderSchema.parse(JSON.parse(JSON.stringify(packed.header)))
        expect(unpackSnapshot({ ...packed, header })).toEqual(snapshot)
      }),
    )
  })

  it('keeps every bit of a number, and shares no memory', () => {
    const patterns = Uint32Array.of(0x80000000, 1, 0x7fc00001, 0xff800000, 0x3f800001)
    const weights = new Float32Array(patterns.buffer)
    const snapshot: Snapshot = {
      seed: 1,
      position: { epoch: 0, step: 0, lossSum: 0, right: 0 },
      ended: null,
      state: { w: weights },
      watch: null,
      best: null,
    }
    const packed = packSnapshot(snapshot, 'wasm')
    weights.fill(7)
    const { state } = unpackSnapshot(packed)
    packed.bytes.fill(0)
    expect(new Uint32Array(state.w.buffer)).toEqual(
      Uint32Array.of(0x80000000, 1, 0x7fc00001, 0xff800000, 0x3f800001),
    )
  })

  it('fills the arrays of a training in order, and refuses an array of another length', () => {
    const snapshot: Snapshot = {
      seed: 1,
      position: { epoch: 0, step: 0, lossSum: 0, right: 0 },
      ended: null,
      state: { w: Float32Array.of(1, 2), b: Float32Array.of(3) },
      watch: null,
      best: { w: Float32Array.of(4, 5) },
    }
    const emptyBuffers = () => ({
      state: { b: new Float32Array(1), w: new Float32Array(2) },
      best: { w: new Float32Array(2) },
    })
    const packed = packSnapshot(snapshot, 'wasm')
    const { state, best } = emptyBuffers()
    const places = orderArrays(packed, { state, best })
    expect([places[0] === state.w, places[1] === state.b, places[2] === best.w]).toEqual([true, true, true])
    const longer = { ...emptyBuffers(), best: { w: new Float32Array(3) } }
    expect(() => orderArrays(packed, longer)).toThrow("the checkpoint's w does not fit this program")
    expect(() => orderArrays(packed, { ...emptyBuffers(), best: null })).toThrow(RangeError)
  })
})
