/** Setting values at JSON Pointers. */
import { describe, expect, it } from 'vitest'
import { PlaceError, setPlace } from '../../../src/training/sweeps/places.js'

const spec = () => ({ optimizer: { type: 'sgd' }, layers: [{ units: 1 }, { units: 2 }], 'a/b': { '~': 0 } })

describe('setPlace', () => {
  it.each([
    ['/epochs', { ...spec(), epochs: 7 }],
    ['/optimizer/momentum', { ...spec(), optimizer: { type: 'sgd', momentum: 7 } }],
    ['/layers/1/units', { ...spec(), layers: [{ units: 1 }, { units: 7 }] }],
    ['/layers/0', { ...spec(), layers: [7, { units: 2 }] }],
    ['/a~1b/~0', { ...spec(), 'a/b': { '~': 7 } }],
  ])('%s', (path, expected) => {
    const changed = spec()
    setPlace(changed, path, 7)
    expect(changed).toEqual(expected)
  })

  it.each([
    ['/network/layers', 'the spec has no /network; add it to the spec'],
    ['/layers/2/units', '/layers of the spec has 2 items, and 2 is not the index of one'],
    ['/layers/-', '/layers of the spec has 2 items, and - is not the index of one'],
    ['/layers/01', '/layers of the spec has 2 items, and 01 is not the index of one'],
    ['/optimizer/type/x', '/optimizer/type of the spec is "sgd", neither an object nor an array'],
    ['/optimizer/__proto__', 'a spec has no field __proto__'],
    ['/__proto__/polluted', 'the spec has no /__proto__; add it to the spec'],
    ['/constructor/prototype', 'the spec has no /constructor; add it to the spec'],
  ])('refuses %s', (path, message) => {
    const changed = spec()
    expect(() => setPlace(changed, path, 7)).toThrow(new PlaceError(message))
    expect(changed).toEqual(spec())
  })
})
