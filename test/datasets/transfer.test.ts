/** Weights move to a new dataset by the names of columns, categories, classes and targets. */
import { describe, expect, test } from 'vitest'
import type { Coding, Column, TargetCoding } from '../../src/contract/dataset.js'
import { layerSchema, type Network } from '../../src/contract/network.js'
import { encodeByCoding } from '../../src/datasets/encoding.js'
import { tableFromInline } from '../../src/datasets/inline.js'
import { everyRow } from '../../src/datasets/split-rows.js'
import { findMismatch, isMatch, isSameImage } from '../../src/datasets/transfer.js'
import { movedShapes, moveRefusal, moveWeights } from '../../src/datasets/transfer-weights.js'
import { Predictor, type Weights } from '../../src/engine/index.js'
import { encoded, rowsOf } from '../support/encoding.js'
import { type Columns, prepared, reading } from '../support/prepared.js'

const dense = (units: number, activation: 'relu' | 'softmax' | 'linear') =>
  layerSchema.parse({ type: 'dense', units, activation })

const age: Column = { name: 'age', type: 'number', role: 'feature' }
const plan = (...categories: string[]): Column => ({
  name: 'plan',
  type: 'category',
  role: 'feature',
  categories,
})
const target = (...categories: string[]): Column => ({
  name: 'y',
  type: 'category',
  role: 'target',
  categories,
})

const source: Coding = {
  features: [
    { type: 'number', name: 'age', offset: 40, scale: 10 },
    { type: 'category', name: 'plan', categories: ['basic', 'plus'] },
  ],
  target: { type: 'oneHot', name: 'y', classes: ['high', 'low', 'mid'] },
}

describe('what differs', () => {
  const words = (columns: Column[]) => findMismatch(source, columns)

  test('is empty for the same columns, categories and classes in any order', () => {
    expect(isMatch(words([target('low', 'mid', 'high'), plan('plus', 'basic'), age]))).toBe(true)
  })

  test('is listed: columns, types, categories, classes and targets', () => {
    const member: Column = { name: 'member', type: 'boolean', role: 'feature' }
    expect(words([age, plan('gold', 'plus'), member, target('high', 'low', 'none')])).toEqual({
      added: ['category "gold" of plan', 'column "member"', 'class "none" of y'],
      missing: ['category "basic" of plan', 'class "mid" of y'],
    })
    expect(
      words([
        { ...age, type: 'date' },
        { ...target('high'), name: 'z' },
      ]),
    ).toEqual({
      added: ['column "age" as a date', 'target "z"'],
      missing: ['column "age" as a number', 'column "plan"', 'target "y"'],
    })
  })

  test('excludes the column of sample weights', () => {
    const weight: Column = { name: 'weight', type: 'number', role: 'feature' }
    const columns = [age, plan('basic', 'plus'), weight, target('high', 'low', 'mid')]
    expect(isMatch(findMismatch(source, columns, { sampleWeight: 'weight' }))).toBe(true)
    expect(findMismatch(source, columns).added).toEqual(['column "weight"'])
  })

  test('is the size or the channels of images', () => {
    const image = { width: 28, height: 28, channels: 1 as const }
    const picture = { image: { ...image, white: 255 } }
    expect(isSameImage(picture, image)).toBe(true)
    expect(isSameImage(picture, { ...image, width: 16, height: 49 })).toBe(false)
    // A model of an older version.
    expect(isSameImage({}, image)).toBe(true)
  })
})

const network: Network = { layers: [dense(2, 'relu'), dense(3, 'softmax')] }
const tensor = (shape: number[], ...values: number[]) => ({ shape, values: Float32Array.from(values) })

/** Inputs age, basic, plus; outputs high, low, mid. */
const planted = (): Weights =>
  new Map([
    ['layers.0.weight', tensor([2, 3], 1, 2, 3, 4, 5, 6)],
    ['layers.0.bias', tensor([2], 7, 8)],
    ['layers.1.weight', tensor([3, 2], 10, 11, 20, 21, 30, 31)],
    ['layers.1.bias', tensor([3], 100, 200, 300)],
  ])

const none = () => {
  throw new Error('nothing begins anew')
}

describe('weights', () => {
  test('do not move when the coding is the same', () => {
    const weights = planted()
    expect(moveWeights(weights, none, network, { source, coding: source })).toBe(weights)
  })

  test('follow their columns, categories and classes', () => {
    const coding: Coding = {
      features: [
        { type: 'category', name: 'plan', categories: ['plus', 'basic'] },
        { type: 'number', name: 'age', offset: 0, scale: 1 },
      ],
      target: { type: 'oneHot', name: 'y', classes: ['mid', 'high', 'low'] },
    }
    const drawn = () => new Map([...planted()].map(([name, { shape }]) => [name, zeros(shape)]))
    const moved = moveWeights(planted(), drawn, network, { source, coding })
    // Columns plus, basic, age of each unit; rows mid, high, low.
    expect(moved).toEqual(
      new Map([
        ['layers.0.weight', tensor([2, 3], 3, 2, 1, 6, 5, 4)],
        ['layers.0.bias', tensor([2], 7, 8)],
        ['layers.1.weight', tensor([3, 2], 30, 31, 10, 11, 20, 21)],
        ['layers.1.bias', tensor([3], 300, 100, 200)],
      ]),
    )
  })

  test('of new inputs and outputs are initialized', () => {
    const coding: Coding = {
      features: [
        { type: 'category', name: 'plan', categories: ['basic', 'gold', 'plus'] },
        { type: 'number', name: 'income', offset: 0, scale: 1 },
      ],
      target: { type: 'oneHot', name: 'y', classes: ['low', 'none'] },
    }
    const changed: Network = { layers: [dense(2, 'relu'), dense(2, 'softmax')] }
    const drawn = (): Weights =>
      new Map([
        ['layers.0.weight', tensor([2, 4], 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)],
        ['layers.0.bias', tensor([2], 0, 0)],
        ['layers.1.weight', tensor([2, 2], 0.9, 1, 1.1, 1.2)],
        ['layers.1.bias', tensor([2], 0, 0)],
      ])
    const moved = moveWeights(planted(), drawn, changed, { source, coding })
    expect(moved).toEqual(
      new Map([
        ['layers.0.weight', tensor([2, 4], 2, 0.2, 3, 0.4, 5, 0.6, 6, 0.8)],
        ['layers.0.bias', tensor([2], 7, 8)],
        ['layers.1.weight', tensor([2, 2], 20, 21, 1.1, 1.2)],
        ['layers.1.bias', tensor([2], 200, 0)],
      ]),
    )
    const shapes = movedShapes(planted(), changed, source, coding)
    for (const [name, { shape }] of moved) expect(shapes.get(name)?.shape).toEqual(shape)
  })

  test('of a single layer move in both directions', () => {
    const coding: Coding = {
      features: [
        { type: 'category', name: 'plan', categories: ['basic', 'plus'] },
        { type: 'number', name: 'age', offset: 0, scale: 1 },
      ],
      target: { type: 'oneHot', name: 'y', classes: ['low', 'high', 'mid'] },
    }
    const one: Network = { layers: [dense(3, 'softmax')] }
    const weights: Weights = new Map([
      ['layers.0.weight', tensor([3, 3], 1, 2, 3, 4, 5, 6, 7, 8, 9)],
      ['layers.0.bias', tensor([3], 10, 20, 30)],
    ])
    const drawn = () => new Map([...weights].map(([name, { shape }]) => [name, zeros(shape)]))
    expect(moveWeights(weights, drawn, one, { source, coding })).toEqual(
      new Map([
        ['layers.0.weight', tensor([3, 3], 5, 6, 4, 2, 3, 1, 8, 9, 7)],
        ['layers.0.bias', tensor([3], 20, 10, 30)],
      ]),
    )
  })

  test('of several targets and of 0 and 1 as two classes move by name', () => {
    const numbers = (...names: string[]): TargetCoding => ({ type: 'number', names })
    const two: Network = { layers: [dense(2, 'linear')] }
    const ends = (target: TargetCoding): Coding => ({ features: [source.features[0]], target })
    const weights: Weights = new Map([
      ['layers.0.weight', tensor([2, 1], 1, 2)],
      ['layers.0.bias', tensor([2], 3, 4)],
    ])
    const drawn = () => new Map([...weights].map(([name, { shape }]) => [name, zeros(shape)]))
    const codings = { source: ends(numbers('a', 'b')), coding: ends(numbers('b', 'a')) }
    expect(moveWeights(weights, drawn, two, codings).get('layers.0.bias')).toEqual(tensor([2], 4, 3))
    const bit = {
      source: ends(numbers('y')),
      coding: ends({ type: 'binary', name: 'y', classes: ['0', '1'] }),
    }
    expect(moveWeights(weights, none, two, bit)).toBe(weights)
  })

  test('of a network that does not start or end with a dense layer cannot move', () => {
    const swapped: Coding = { ...source, features: source.features.toReversed() }
    const normalized: Network = {
      layers: [layerSchema.parse({ type: 'batchNormalization' }), ...network.layers],
    }
    expect(moveRefusal(normalized, source, swapped)).toMatch(/^the first layer is not dense/)
    expect(moveRefusal(normalized, source, source)).toBeUndefined()
    const dropout: Network = {
      layers: [layerSchema.parse({ type: 'dropout', rate: 0.1 }), ...network.layers],
    }
    expect(moveRefusal(dropout, source, swapped)).toBeUndefined()
    const classes: Coding = {
      ...source,
      target: { type: 'oneHot', name: 'y', classes: ['low', 'high', 'mid'] },
    }
    const pooled: Network = {
      layers: [...network.layers, layerSchema.parse({ type: 'batchNormalization' })],
    }
    expect(moveRefusal(pooled, source, classes)).toMatch(/^the last layer is not dense/)
  })
})

function zeros(shape: number[]) {
  return { shape, values: new Float32Array(shape.reduce((product, length) => product * length, 1)) }
}

describe('the scales of the model', () => {
  const first: Columns = {
    age: [[20, 40, 60]],
    plan: [['basic', 'plus', 'basic']],
    since: [[100, 200, 300]],
    y: [['high', 'low', 'mid']],
  }
  // Other ages, and plus comes first.
  const second: Columns = {
    plan: [['plus', 'basic', 'plus']],
    since: [[900, 950, 999]],
    age: [[70, 80, 90]],
    y: [['mid', 'low', 'high']],
  }
  const types = [{ name: 'since', type: 'number' as const }]
  const options = { outputs: 3, loss: 'categoricalCrossentropy', scaling: 'standardize' } as const

  test('are kept, so that the same row gives the first layer the same sums', async () => {
    const before = encoded(await prepared(reading(first), { types }), options)
    const inheritance = { coding: before.coding, scaling: true, targetScaling: true }
    const row: Columns = { plan: [['plus']], since: [[250]], age: [[33]], y: [['mid']] }
    const table = await prepared(reading(second), { types, target: ['y'] })
    const after = encoded(table, { ...options, inheritance })
    expect(after.coding.features.map(({ name }) => name)).toEqual(['plan', 'since', 'age'])
    const one = await prepared(reading(row), { types, target: ['y'] })
    const inputsOf = (training: { coding: Coding }) => {
      const x = new Float32Array(4)
      encodeByCoding({ table: one, rows: everyRow(one) }, training.coding, options.loss, x, null)
      return x
    }
    const wide: Network = { inputShape: [4], layers: [dense(2, 'linear')] }
    const weights: Weights = new Map([
      ['layers.0.weight', tensor([2, 4], 1, 2, 3, 4, 5, 6, 7, 8)],
      ['layers.0.bias', tensor([2], 0.5, 0.25)],
    ])
    const drawn = () => new Map([...weights].map(([name, { shape }]) => [name, zeros(shape)]))
    const codings = {
      source: { ...before.coding, target: numberTarget },
      coding: { ...after.coding, target: numberTarget },
    }
    const moved = moveWeights(weights, drawn, wide, codings)
    const sums = (kept: Weights, x: Float32Array) =>
      new Predictor(wide, kept, { backend: 'reference' }).predict(x)
    const expected = sums(weights, inputsOf(before))
    const got = sums(moved, inputsOf(after))
    // The same products in another order, equal except for rounding.
    for (const [unit, sum] of expected.entries()) expect(got[unit]).toBeCloseTo(sum, 5)
  })

  test('are learned again on request, and for new columns', async () => {
    const before = encoded(await prepared(reading(first), { types }), options)
    const kept = { coding: before.coding, targetScaling: true }
    const table = await prepared(reading({ ...second, income: [[1, 2, 3]] }), { types, target: ['y'] })
    const anew = encoded(table, { ...options, inheritance: { ...kept, scaling: false } })
    expect(anew.coding.features).toMatchObject([
      {},
      {},
      { name: 'age', offset: 80 },
      { name: 'income', offset: 2 },
    ])
    const same = encoded(table, { ...options, inheritance: { ...kept, scaling: true } })
    expect(same.coding.features).toMatchObject([
      {},
      {},
      { name: 'age', offset: 40 },
      { name: 'income', offset: 2 },
    ])
  })

  test('apply to targets by name', () => {
    const linear = { outputs: 1, loss: 'meanSquaredError', targetScaling: 'standardize' } as const
    const prices = (...y: number[]) => tableFromInline({ x: y, y })
    const before = encoded(prices(1_000, 3_000), linear)
    const inheritance = { coding: before.coding, scaling: true, targetScaling: true }
    const after = encoded(prices(5_000, 9_000), { ...linear, inheritance })
    expect(after.coding.target).toMatchObject({ scaling: { offset: [2_000], scale: [1_000] } })
    expect([...after.trainingY]).toEqual([3, 7])
    const anew = encoded(prices(5_000, 9_000), {
      ...linear,
      inheritance: { ...inheritance, targetScaling: false },
    })
    expect([...anew.trainingY]).toEqual([-1, 1])
  })

  test('keep categories of the model without new rows', async () => {
    const before = encoded(await prepared(reading(first), { types }), options)
    const table = await prepared(reading(second), { types, target: ['y'] })
    const inheritance = { coding: before.coding, scaling: true, targetScaling: true }
    const { coding, validationX } = encoded(table, { ...options, inheritance }, { rows: [0, 2] })
    expect(coding.features[0]).toMatchObject({ type: 'category', categories: ['basic', 'plus'] })
    expect(coding.features[0]).not.toHaveProperty('unseen')
    expect(rowsOf(validationX, 4)[0].slice(0, 2)).toEqual([1, 0])
  })
})

const numberTarget: TargetCoding = { type: 'number', names: ['a', 'b'] }
