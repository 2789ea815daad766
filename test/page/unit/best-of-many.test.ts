/** The sweep of "Find the best of 200": its request for datasets of each kind and size. */
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../../page/src/api/types.js'
import { bestOfMany, canSearch } from '../../../page/src/sweeps/best-of-many.js'

const feature = { name: 'a', type: 'number', role: 'feature' }
const price = { name: 'y', type: 'number', role: 'target', min: 0, max: 9 }

/** Only the fields that the request depends on. */
const dataset = (changes: object = {}) =>
  ({
    id: 'ds_1',
    name: 'prices',
    rows: 1_000,
    image: null,
    classes: null,
    warnings: [],
    inputShape: [1],
    columns: [feature, price],
    ...changes,
  }) as unknown as Dataset

const valuesAt = (given: Dataset, path: string) =>
  bestOfMany(given).parameters.find((parameter) => parameter.path === path)?.values

describe('the request', () => {
  it('searches 200 points, with test and validation rows', () => {
    const request = bestOfMany(dataset())
    expect(request).toMatchObject({
      name: 'Best of 200: prices',
      search: { type: 'tpe', points: 200, seed: 1 },
      metric: 'valLoss',
    })
    // 400,000 rows over all epochs would be 400 epochs of 1,000 rows, and the most are 100.
    expect(request.spec).toMatchObject({
      dataset: 'ds_1',
      epochs: 100,
      testSplit: 0.2,
      validationSplit: 0.25,
      seed: 1,
    })
    expect(request.spec).not.toHaveProperty('earlyStopping')
  })

  it.each([
    ['two classes', { classes: ['a', 'b'] }, { units: 1, activation: 'sigmoid' }, 'binaryCrossentropy'],
    ['classes', { classes: ['a', 'b', 'c'] }, { units: 3, activation: 'softmax' }, 'categoricalCrossentropy'],
    ['numbers', {}, { units: 1, activation: 'linear' }, 'meanSquaredError'],
    [
      'yes or no',
      { columns: [feature, { ...price, max: 1 }] },
      { units: 1, activation: 'sigmoid' },
      'binaryCrossentropy',
    ],
  ])('has the last layer and loss of %s', (_, changes, layer, loss) => {
    const { spec } = bestOfMany(dataset(changes)) as unknown as {
      spec: { network: { layers: object[] }; loss: string }
    }
    expect(spec.network.layers).toHaveLength(3)
    expect(spec.network.layers[2]).toEqual({ type: 'dense', ...layer })
    expect(spec.loss).toBe(loss)
  })

  it.each([
    [20, 100],
    [10_000, 40],
    [1_000_000, 5],
  ])('of %i rows has %i epochs', (rows, epochs) =>
    expect(bestOfMany(dataset({ rows })).spec).toMatchObject({ epochs }))

  it('keeps test rows apart from 100 rows on', () => {
    expect(bestOfMany(dataset({ rows: 99 })).spec).not.toHaveProperty('testSplit')
    expect(bestOfMany(dataset({ rows: 100 })).spec).toHaveProperty('testSplit', 0.2)
  })

  it.each([20, 100, 1_000])('of %i rows has batches of at most the training rows', (rows) => {
    // The test rows are a fifth, and the validation rows a quarter of the others.
    expect(Math.max(...(valuesAt(dataset({ rows }), '/batchSize') as number[]))).toBeLessThanOrEqual(
      rows * 0.8 * 0.75,
    )
  })

  it('has no name of a dataset without one', () => {
    expect(bestOfMany(dataset({ name: null }))).toHaveProperty('name', 'Best of 200')
  })
})

it('is offered for tables of 20 rows or more', () => {
  expect([19, 20].map((rows) => canSearch(dataset({ rows })))).toEqual([false, true])
  expect(canSearch(dataset({ image: { width: 8, height: 8, channels: 1 } }))).toBe(false)
})
