import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adoptWeights, packWeights, unpackWeights } from '../../src/threads/packed-weights.js'

const tensor = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }).chain((shape) => {
  const length = shape.reduce((product, size) => product * size, 1)
  return fc
    .float32Array({ minLength: length, maxLength: length, noNaN: true })
    .map((values) => ({ shape, values }))
})
const weights = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), tensor), { selector: ([name]) => name })
  .map((entries) => new Map(entries))

describe('packed weights', () => {
  it('unpack to the same weights', () => {
    fc.assert(
      fc.property(weights, (given) => {
        expect(unpackWeights(packWeights(given))).toEqual(given)
      }),
    )
  })

  it('are adopted as the same weights, in the memory of the bytes', () => {
    fc.assert(
      fc.property(weights, (given) => {
        const { tensors, bytes } = packWeights(given)
        const copy = Uint8Array.from(bytes)
        const adopted = adoptWeights(tensors, copy)
        expect(adopted).toEqual(given)
        for (const { values } of adopted.values()) expect(values.buffer).toBe(copy.buffer)
      }),
    )
  })

  it('are not adopted if a tensor exceeds the bytes', () => {
    const tensors = [{ name: 'w', shape: [3], offset: 0 }]
    expect(() => adoptWeights(tensors, new Uint8Array(8))).toThrow('w exceeds the weights')
  })

  it('follow one another without gaps', () => {
    fc.assert(
      fc.property(weights, (given) => {
        const { tensors, bytes } = packWeights(given)
        let end = 0
        for (const { shape, offset } of tensors) {
          expect(offset).toBe(end)
          end += shape.reduce((product, size) => product * size, 1)
        }
        expect(bytes.length).toBe(4 * end)
      }),
    )
  })

  it('are little-endian float32 at any offset in memory', () => {
    const { tensors, bytes } = packWeights(new Map([['w', { shape: [2], values: Float32Array.of(1, -2) }]]))
    expect([...bytes]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0])
    const shifted = new Uint8Array(9)
    shifted.set(bytes, 1)
    expect(unpackWeights({ tensors, bytes: shifted.subarray(1) }).get('w')?.values).toEqual(
      Float32Array.of(1, -2),
    )
  })
})
