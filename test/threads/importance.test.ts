/** Importance and dependence, against values of an independent program (test/fixtures/importance). */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { FeatureCoding, TargetCoding } from '../../src/contract/dataset.js'
import type { Loss, Network } from '../../src/contract/network.js'
import { describeTable, type Table } from '../../src/datasets/table.js'
import { Predictor } from '../../src/engine/index.js'
import { partialDependence } from '../../src/threads/partial-dependence.js'
import { permutationImportance } from '../../src/threads/permutation-importance.js'

const importanceSchema = z.object({
  repeats: z.int(),
  seed: z.int(),
  baseline: z.number(),
  columns: z.array(z.object({ mean: z.number(), deviation: z.number(), decreases: z.array(z.number()) })),
})
const fixture = z
  .object({
    columns: z.array(z.string()),
    towns: z.array(z.string()),
    rows: z.array(z.tuple([z.number(), z.string(), z.boolean(), z.number()])),
    kernel: z.array(z.array(z.number())),
    bias: z.array(z.number()),
    classes: z.array(z.int()),
    numbers: z.array(z.array(z.number())),
    accuracy: importanceSchema,
    r2: importanceSchema,
    dependence: z.record(
      z.string(),
      z.array(
        z.object({
          value: z.union([z.number(), z.string(), z.boolean()]),
          means: z.array(z.number()),
        }),
      ),
    ),
  })
  .parse(JSON.parse(readFileSync('test/fixtures/importance/values.json', 'utf8')))

const features: FeatureCoding[] = [
  { type: 'number', name: 'size', offset: 0.5, scale: 2 },
  { type: 'category', name: 'town', categories: fixture.towns },
  { type: 'boolean', name: 'sold' },
  { type: 'number', name: 'noise', offset: 0, scale: 1 },
]

const kinds = {
  classes: {
    target: { type: 'oneHot', name: 'y', classes: ['a', 'b'] } as TargetCoding,
    activation: 'softmax' as const,
    loss: 'categoricalCrossentropy' as Loss,
    heads: [{ name: 'y', role: 'target' as const, categories: ['a', 'b'] }],
    targets: fixture.classes.map((index) => [index]),
  },
  numbers: {
    target: { type: 'number', names: ['u', 'v'], binary: false } as TargetCoding,
    activation: 'linear' as const,
    loss: 'meanSquaredError' as Loss,
    heads: ['u', 'v'].map((name) => ({ name, role: 'target' as const })),
    targets: fixture.numbers,
  },
}

function createTable({ heads, targets }: (typeof kinds)[keyof typeof kinds]): Table {
  const [size, town, sold, noise] = fixture.columns.map((name) => ({ name, role: 'feature' as const }))
  const values = fixture.rows.flatMap(([first, place, truth, last], row) => [
    ...[first, fixture.towns.indexOf(place), Number(truth), last],
    ...targets[row],
  ])
  const truths = { ...sold, categories: ['false', 'true'] }
  const table = describeTable(
    [size, { ...town, categories: fixture.towns }, truths, noise, ...heads],
    Float64Array.from(values),
  )
  const columns = table.columns.map((each) =>
    each.name === 'sold' ? { ...each, type: 'boolean' as const } : each,
  )
  return { ...table, columns }
}

function prepare(kind: keyof typeof kinds) {
  const { target, activation, loss } = kinds[kind]
  const network: Network = {
    inputShape: [6],
    layers: [{ type: 'dense', units: 2, activation, useBias: true }],
  }
  const weights = new Map([
    ['layers.0.weight', { shape: [2, 6], values: Float32Array.from(fixture.kernel.flat()) }],
    ['layers.0.bias', { shape: [2], values: Float32Array.from(fixture.bias) }],
  ])
  return {
    predictor: new Predictor(network, weights, { backend: 'auto', batchSize: 16 }),
    rows: {
      ...{ table: createTable(kinds[kind]), only: null, network, loss, threshold: null },
      coding: { features, target },
    },
  }
}

const { signal } = new AbortController()

describe('permutation importance', () => {
  it.each([
    ['accuracy', 'classes'],
    ['r2', 'numbers'],
  ] as const)('by %s is that of the definition', async (score, kind) => {
    const { rows, predictor } = prepare(kind)
    const { repeats, seed, baseline, columns } = fixture[score]
    const measured = await permutationImportance({ rows, repeats, seed }, predictor, signal)
    expect(measured).toMatchObject({ available: 60, count: 60, score, baseline: expect.closeTo(baseline, 5) })
    expect(measured.columns.map(({ name }) => name)[0]).toBe('size')
    for (const [index, { mean, deviation, decreases }] of columns.entries()) {
      const column = measured.columns.find(({ name }) => name === fixture.columns[index])
      expect(column, fixture.columns[index]).toEqual({
        name: fixture.columns[index],
        mean: expect.closeTo(mean, 5),
        deviation: expect.closeTo(deviation, 5),
        decreases: decreases.map((each) => expect.closeTo(each, 5)),
      })
    }
    const means = measured.columns.map(({ mean }) => mean)
    expect(means).toEqual([...means].sort((a, b) => b - a))
  })

  it('depends on the seed alone', async () => {
    const { rows, predictor } = prepare('classes')
    const measure = (seed: number) => permutationImportance({ rows, repeats: 3, seed }, predictor, signal)
    expect(await measure(1)).toEqual(await measure(1))
    expect(await measure(1)).not.toEqual(await measure(2))
  })

  it('uses the selected rows', async () => {
    const { rows, predictor } = prepare('classes')
    // Of these rows, only the first has the other class.
    const only = Int32Array.of(7, 8, 9, 10, 11, 12, 13)
    const request = { rows: { ...rows, only }, repeats: 1, seed: 0 }
    expect(await permutationImportance(request, predictor, signal)).toMatchObject({ available: 7, count: 7 })
  })

  it('by R² needs different targets', async () => {
    const { rows, predictor } = prepare('numbers')
    const only = Int32Array.of(5)
    await expect(
      permutationImportance({ rows: { ...rows, only }, repeats: 1, seed: 0 }, predictor, signal),
    ).rejects.toThrow('the score is not defined: u, v must have different values in these 1 rows')
  })

  it('ends when the signal aborts', async () => {
    const { rows, predictor } = prepare('classes')
    const controller = new AbortController()
    const measured = permutationImportance({ rows, repeats: 50, seed: 0 }, predictor, controller.signal)
    controller.abort(new Error('the client has left'))
    await expect(measured).rejects.toThrow('the client has left')
  })
})

describe('partial dependence', () => {
  it.each([
    ['size', 'classes', ['a', 'b'], true],
    ['town', 'classes', ['a', 'b'], true],
    ['sold', 'numbers', ['u', 'v'], false],
  ] as const)('on %s is the mean prediction', async (column, kind, outputs, areProbabilities) => {
    const { rows, predictor } = prepare(kind)
    const measured = await partialDependence({ rows, column, points: 5 }, predictor, signal)
    const type = features.find(({ name }) => name === column)?.type
    expect(measured).toMatchObject({ available: 60, count: 60, type, outputs, areProbabilities })
    const expected = fixture.dependence[column].map(({ value, means }) => ({
      value,
      means: means.map((mean) => expect.closeTo(mean, 5)),
    }))
    expect(measured.points).toEqual(expected)
  })

  it('has all values if they are few, and the most frequent categories if they are many', async () => {
    const { rows, predictor } = prepare('classes')
    const sizes = await partialDependence({ rows, column: 'size', points: 100 }, predictor, signal)
    const distinct = [...new Set(fixture.rows.map(([size]) => size))].sort((a, b) => a - b)
    expect(sizes.points.map(({ value }) => value)).toEqual(distinct)
    const towns = await partialDependence({ rows, column: 'town', points: 1 }, predictor, signal)
    expect(towns.points.map(({ value }) => value)).toEqual([fixture.dependence.town[0].value])
  })

  it('has the unit of the target', async () => {
    const { rows, predictor } = prepare('numbers')
    const scaling = { method: 'standardize' as const, offset: [10, 0], scale: [4, 1] }
    const target = { type: 'number' as const, names: ['u', 'v'], binary: false, scaling }
    const scaled = { ...rows, coding: { features, target } }
    const { points } = await partialDependence({ rows: scaled, column: 'sold', points: 2 }, predictor, signal)
    const [[no], [yes]] = fixture.dependence.sold.map(({ means }) => means)
    expect(points.map(({ means }) => means[0])).toEqual(
      [no, yes].map((mean) => expect.closeTo(10 + 4 * mean, 4)),
    )
  })
})

describe('the work', () => {
  const wide = (units: number): Network => ({
    inputShape: [6],
    layers: [
      { type: 'dense', units, activation: 'relu', useBias: false },
      { type: 'dense', units, activation: 'relu', useBias: false },
      { type: 'dense', units: 2, activation: 'softmax', useBias: false },
    ],
  })

  it('is limited by a sample, and refused if that were too small', async () => {
    const { rows } = prepare('classes')
    const measure = (units: number) => {
      const network = wide(units)
      const shapes = [
        [units, 6],
        [units, units],
        [2, units],
      ]
      const weights = new Map(
        shapes.map((shape, index) => [
          `layers.${index}.weight`,
          { shape, values: new Float32Array(shape[0] * shape[1]) },
        ]),
      )
      const predictor = new Predictor(network, weights, { backend: 'auto', batchSize: 1 })
      return permutationImportance({ rows: { ...rows, network }, repeats: 50, seed: 0 }, predictor, signal)
    }
    // 201 passes of about 2 · units² operations a row: with 2,100 units, 100 · 10⁹ operations are some 55 rows.
    const { available, count } = await measure(2_100)
    expect(available).toBe(60)
    expect(count).toBeGreaterThanOrEqual(50)
    expect(count).toBeLessThan(60)
    await expect(measure(2_500)).rejects.toThrow(
      /201 predictions of 50 rows need 1\.3e\+11 operations, more than the limit of 1\.0e\+11 \(maximumImportanceOperations\)/,
    )
  })
})
