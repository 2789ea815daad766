/** Parts of the lecture's figures that need no browser. */
import { describe, expect, it } from 'vitest'
import { contour } from '../../../page/src/draw/contours.js'
import { readAddress, writeAddress } from '../../../page/src/lecture/address.js'
import { halfPlane } from '../../../page/src/lecture/figures/half-plane.js'
import { linesOfText } from '../../../page/src/lecture/figures/lines-of-text.js'
import { scaleOf, tickText } from '../../../page/src/lecture/figures/scales.js'
import { parseFormula } from '../../../page/src/lecture/parse-formula.js'
import { withText } from '../../../page/src/lecture/png-text.js'

describe('an address', () => {
  it('names a demonstration and its settings', () => {
    const settings = { condition: 400, angle: 45 }
    expect(readAddress(writeAddress('momentum', settings))).toEqual({
      id: 'momentum',
      settings,
      isResult: true,
    })
    expect(readAddress('momentum')).toMatchObject({
      settings: { condition: 200, angle: 30 },
      isResult: false,
    })
    expect(readAddress(writeAddress('digits', {}))).toEqual({ id: 'digits', settings: {}, isResult: true })
  })

  it('ignores unknown settings, and knows no other demonstrations', () => {
    expect(readAddress('momentum;condition=7;other=1')?.settings).toEqual({ condition: 200, angle: 30 })
    expect(readAddress('toString')).toBeNull()
    expect(readAddress('')).toBeNull()
  })
})

describe('a formula', () => {
  it('has fractions, roots, and indices below and above', () => {
    const [sum, fraction] = parseFormula('∑_{i=1}^n {a}/{√{b}}')
    expect(sum).toMatchObject({
      type: 'scripts',
      base: { type: 'operator', text: '∑' },
      sub: { type: 'group', content: [{ text: 'i' }, { text: '=' }, { text: '1' }] },
      sup: { text: 'n' },
    })
    expect(fraction).toMatchObject({
      type: 'fraction',
      above: [{ type: 'identifier', text: 'a' }],
      below: [{ type: 'root', content: [{ text: 'b' }] }],
    })
  })

  it('keeps names and numbers whole', () => {
    expect(parseFormula('tanh 0.5').map((node) => 'text' in node && node.text)).toEqual(['tanh', '0.5'])
  })
})

describe('a figure', () => {
  it('cuts a rectangle by a line', () => {
    // x ≥ 0.5 in the unit square.
    const { area, line } = halfPlane([1, 0, -0.5], [0, 0], [1, 1])
    expect(area).toEqual([
      [0.5, 0],
      [1, 0],
      [1, 1],
      [0.5, 1],
    ])
    expect(line).toEqual([
      [0.5, 0],
      [0.5, 1],
    ])
    expect(halfPlane([0, 0, 1], [0, 0], [1, 1]).line).toEqual([])
  })

  it('finds where a field crosses a level', () => {
    // Rises from 0 to 2 along x, so the level 0.5 is crossed a quarter of the way.
    const field = { size: 3, values: [0, 1, 2, 0, 1, 2, 0, 1, 2] }
    expect(contour(field, 0.5).map(([x1, , x2]) => [x1, x2])).toEqual([
      [0.5, 0.5],
      [0.5, 0.5],
    ])
    expect(contour(field, 3)).toEqual([])
  })

  it('places round ticks on both kinds of axes', () => {
    expect(scaleOf({ label: 'x', from: 0, to: 1 }, [], 0, 100).ticks).toEqual([
      0, 0.2, 0.4, 0.6000000000000001, 0.8, 1,
    ])
    const logarithmic = scaleOf({ label: 'x', logarithmic: true }, [1e-3, 10], 0, 100)
    expect(logarithmic.ticks).toEqual([0.001, 0.01, 0.1, 1, 10])
    expect(logarithmic.place(0.1)).toBeCloseTo(50, 6)
    expect([0.6000000000000001, 1e-7, -2, 0].map(tickText)).toEqual(['0.6', '10⁻⁷', '−2', '0'])
  })

  it('breaks a long label between words', () => {
    expect(linesOfText('one two three four', 100)).toEqual(['one two three', 'four'])
  })
})

it('a PNG gets its text after its header', () => {
  const png = Uint8Array.from({ length: 60 }, (_, index) => index)
  const result = withText(png, 'K', '{"λ":"−1"}')
  expect([...result.subarray(0, 33)]).toEqual([...png.subarray(0, 33)])
  const length = new DataView(result.buffer).getUint32(33)
  const content = new TextDecoder().decode(result.subarray(37, 41 + length))
  expect(content).toBe('tEXtK\0{"\\u03bb":"\\u22121"}')
  expect([...result.subarray(45 + length)]).toEqual([...png.subarray(33)])
})
