import { describe, expect, it } from 'vitest'
import { pointerTo } from '../../src/contract/problems.js'

describe('pointerTo', () => {
  it('escapes like RFC 6901', () => {
    expect(pointerTo([])).toBe('')
    expect(pointerTo(['network', 'layers', 0, 'units'])).toBe('/network/layers/0/units')
    expect(pointerTo(['a/b', 'm~n', ''])).toBe('/a~1b/m~0n/')
  })
})
