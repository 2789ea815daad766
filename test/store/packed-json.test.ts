import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packJson, unpackJson } from '../../src/store/packed-json.js'
import { xorSpec } from '../support/stores.js'

describe('packed JSON', () => {
  it('is read as it was written', () => {
    const noNegativeZero = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)))
    fc.assert(
      fc.property(noNegativeZero, (value) => {
        expect(unpackJson(packJson(value))).toEqual(value)
      }),
    )
  })

  it('is short for a spec', () => {
    const spec = xorSpec()
    expect(packJson(spec).length).toBeLessThan(0.2 * JSON.stringify(spec).length)
  })

  it('of more than 16 KiB is plain text', () => {
    const value = { names: Array.from({ length: 2_000 }, (_, index) => `name ${index}`) }
    const packed = packJson(value)
    expect(packed.subarray(1).toString()).toBe(JSON.stringify(value))
    expect(unpackJson(packed)).toEqual(value)
  })

  it('of the first dictionary is still read', () => {
    const stored = Buffer.from('AcNd/BgjFz/gXAsJREivA5HslNyLDm87PD9VqRYA', 'base64')
    expect(unpackJson(stored)).toEqual({
      network: { inputShape: [3], layers: [] },
      loss: 'huber',
      target: 'Größe',
    })
  })

  it('of an unknown format is refused', () => {
    expect(() => unpackJson(Buffer.from([7, 1, 2]))).toThrow('unknown format 7')
  })
})
