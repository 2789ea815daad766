/** The layers that the editor of a network offers, and where a click puts them. */
import { describe, expect, it } from 'vitest'
import type { LayerRequest } from '../../../page/src/api/types.js'
import { fitsRows, kindOf, kindsFor, placeFor } from '../../../page/src/components/layer-kinds.js'
import { layerSchema } from '../../../src/contract/network.js'

const types = (dimensions: number) => kindsFor(dimensions).map(({ added }) => added.type)

describe('the layers that the editor offers', () => {
  it('are all of the contract but reshape', () => {
    const offered = new Set([1, 2, 3].flatMap(types))
    const known = layerSchema.options.flatMap(({ shape }) =>
      'values' in shape.type ? [...shape.type.values] : shape.type.options,
    )
    expect([...offered].sort()).toEqual(known.filter((type) => type !== 'reshape').sort())
  })

  it.each([
    1, 2, 3,
  ])('are accepted by the service as they are added, with rows of %i dimensions', (dimensions) => {
    for (const { added } of kindsFor(dimensions)) expect(() => layerSchema.parse(added)).not.toThrow()
  })

  it('have different names for each kind of row', () => {
    for (const dimensions of [1, 2, 3]) {
      const titles = kindsFor(dimensions).map(({ title }) => title)
      expect(new Set(titles).size).toBe(titles.length)
    }
  })

  it('are those for columns, unless rows are signals or pictures', () => {
    expect(types(1)).toEqual(['dense', 'dropout', 'batchNormalization', 'activation'])
    expect(types(3)).toContain('conv2d')
    expect(types(3)).not.toContain('conv1d')
  })
})

const layers: LayerRequest[] = [
  { type: 'conv2d', filters: 8, kernelSize: 3 },
  { type: 'flatten' },
  { type: 'dense', units: 4 },
]
const [, flatten, dense] = layers

describe('an added layer', () => {
  const place = (type: LayerRequest['type']) => {
    const kind = kindsFor(3).find(({ added }) => added.type === type)
    return kind === undefined ? null : placeFor(kind, layers)
  }

  it('comes before the one that flattens if it is for pictures, and otherwise last', () => {
    expect([place('maxPooling2d'), place('dropout'), place('dense')]).toEqual([1, 3, 3])
  })
})

it('knows whether layers fit the rows', () => {
  expect(fitsRows(layers, 3)).toBe(true)
  expect(fitsRows(layers, 1)).toBe(false)
  expect(fitsRows([dense], 1)).toBe(true)
  expect(fitsRows([dense], 3)).toBe(false)
  expect(fitsRows([{ type: 'globalAveragePooling1d' }], 2)).toBe(true)
  expect(kindOf(flatten, 1)).toBeUndefined()
})
