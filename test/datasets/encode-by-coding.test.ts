/** Encodes rows of any table for a trained network: columns match by name, values by meaning. */
import { describe, expect, test } from 'vitest'
import type { Coding } from '../../src/contract/dataset.js'
import type { Loss } from '../../src/contract/network.js'
import { encodeByCoding } from '../../src/datasets/encoding.js'
import { inputCount } from '../../src/datasets/feature-coding.js'
import { everyRow } from '../../src/datasets/split-rows.js'
import type { Table } from '../../src/datasets/table.js'
import { targetWidth } from '../../src/datasets/target-coding.js'
import { encoded, rowsOf } from '../support/encoding.js'
import { prepared, reading } from '../support/prepared.js'

function encode(table: Table, coding: Coding, loss: Loss, withTargets = true) {
  const x = new Float32Array(table.rows * inputCount(coding)).fill(Number.NaN)
  const y = withTargets ? new Float32Array(table.rows * targetWidth(coding.target)).fill(Number.NaN) : null
  encodeByCoding({ table, rows: everyRow(table) }, coding, loss, x, y)
  return { x: rowsOf(x, inputCount(coding)), y: y === null ? [] : rowsOf(y, targetWidth(coding.target)) }
}

const coding: Coding = {
  features: [
    { type: 'number', name: 'age', offset: 20, scale: 10 },
    { type: 'category', name: 'plan', categories: ['basic', 'plus', '7'], unseen: ['plus'] },
    { type: 'boolean', name: 'member' },
  ],
  target: { type: 'binary', name: 'churned', classes: ['no', 'yes'] },
}

describe('features', () => {
  test('match by name and have the scale of the training', async () => {
    const columns = {
      member: [['yes', 'no', 'yes']],
      note: [['x', 'y', 'z']],
      plan: [['7', 'basic', 'gold']],
      age: [['30', '20', '25']],
      churned: [['yes', 'no', 'no']],
    }
    const types = [{ name: 'member', type: 'boolean' as const }]
    const table = await prepared(reading(columns), { target: ['churned'], types })
    expect(encode(table, coding, 'binaryCrossentropy')).toEqual({
      x: [
        [1, 0, 0, 1, 1],
        [0, 1, 0, 0, 0],
        // No training row has gold.
        [0.5, 0, 0, 0, 1],
      ],
      y: [[1], [0], [0]],
    })
  })

  test('of unseen or missing categories are encoded as zeros', async () => {
    const columns = { age: [[20, 20]], plan: [['plus', '']], member: [[1, 0]], y: [[1, 2]] }
    const table = await prepared(reading(columns), { missing: { everywhere: 'mean', columns: [] } })
    expect(encode(table, coding, 'huber', false).x).toEqual([
      [0, 0, 0, 0, 1],
      [0, 0, 0, 0, 0],
    ])
  })

  test('may have another type with the same meaning', async () => {
    const columns = { age: [['30', '40']], plan: [[7, 8]], member: [['1', '0']], y: [[1, 2]] }
    const types = [
      { name: 'age', type: 'category' as const },
      { name: 'member', type: 'category' as const },
    ]
    const table = await prepared(reading(columns), { types })
    expect(encode(table, coding, 'huber', false).x).toEqual([
      [1, 0, 0, 1, 1],
      [2, 0, 0, 0, 0],
    ])
  })

  test('that are missing are listed, and invalid values are named', async () => {
    const few = await prepared(reading({ member: [[1]], y: [[1]] }))
    expect(() => encode(few, coding, 'huber', false)).toThrow(
      'the rows have no columns age, plan, which the network was trained on',
    )
    const words = await prepared(
      reading({ age: [['30', 'old']], plan: [['7', '7']], member: [[1, 1]], y: [[1, 2]] }),
    )
    expect(() => encode(words, coding, 'huber', false)).toThrow('age, row 2: "old" is not a number')
    const maybe = await prepared(
      reading({ age: [[1, 2]], plan: [['7', '7']], member: [[1, 2]], y: [[1, 2]] }),
    )
    expect(() => encode(maybe, coding, 'huber', false)).toThrow('member, row 2: "2" is not a boolean')
  })
})

describe('targets', () => {
  const only = (target: Coding['target']): Coding => ({
    features: [{ type: 'number', name: 'a', offset: 0, scale: 1 }],
    target,
  })

  test('of unknown classes are named', async () => {
    const table = await prepared(reading({ a: [[1, 2, 3]], y: [['yes', 'maybe', 'later']] }))
    const binary = only({ type: 'binary', name: 'y', classes: ['no', 'yes'] })
    expect(() => encode(table, binary, 'binaryCrossentropy')).toThrow(
      'y has "maybe", "later"; the classes of the network are no, yes',
    )
  })

  test('may have classes as numbers, in any order', async () => {
    const table = await prepared(reading({ a: [[1, 2]], y: [[20, 10]] }))
    const classes = only({ type: 'oneHot', name: 'y', classes: ['10', '20', '30'] })
    expect(encode(table, classes, 'categoricalCrossentropy').y).toEqual([
      [0, 1, 0],
      [1, 0, 0],
    ])
  })

  test('have the scale of the training, also from texts', async () => {
    const table = await prepared(reading({ a: [[1, 2]], y: [['30', '10']] }), {
      types: [{ name: 'y', type: 'category' }],
    })
    const scaling = { method: 'standardize' as const, offset: [20], scale: [10] }
    const scaled = only({ type: 'number', names: ['y'], scaling })
    expect(encode(table, scaled, 'meanSquaredError').y).toEqual([[1], [-1]])
  })
})

describe('a training', () => {
  test('lists the columns that are not features', async () => {
    const columns = { id: [['a', 'b']], age: [[1, 2]], y: [[3, 4]] }
    const table = await prepared(reading(columns), { types: [{ name: 'id', type: 'ignored' }] })
    const { coding } = encoded(table, { outputs: 1, loss: 'huber' })
    expect(coding.ignored).toEqual(['id', 'y'])
  })

  test.each([
    [[0, 0.25, 1], 1],
    [[0, 128, 255], 255],
  ])('on images of %j keeps their shape and has %d for white', async (pixels, white) => {
    const table = await prepared(reading({ p1: [pixels], y: [[0, 1, 0]] }))
    const image = { width: 1, height: 1, channels: 1 } as const
    const { coding } = encoded(table, { outputs: 1, loss: 'huber', image })
    expect(coding.image).toEqual({ ...image, white })
  })
})
