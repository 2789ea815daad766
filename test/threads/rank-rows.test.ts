/** The rows with the largest loss, against losses that are worked out here in float64. */
import { describe, expect, it } from 'vitest'
import type { Coding } from '../../src/contract/dataset.js'
import type { Activation, Loss } from '../../src/contract/network.js'
import { type ColumnHead, describeTable } from '../../src/datasets/table.js'
import { Predictor } from '../../src/engine/index.js'
import { rankRows } from '../../src/threads/rank-rows.js'
import type { RankingRequest } from '../../src/training/ports/predictor-pool.js'

interface Case {
  loss: Loss
  activation: Activation
  /** Weights [outputs, 2], which float32 holds exactly; the bias is ¼. */
  kernel: number[][]
  target: Coding['target']
  /** Columns of the target. */
  heads: ColumnHead[]
  /** The targets of a row, as they are stored. */
  targets(row: number): number[]
  /** The loss of the logits z and the stored targets y. */
  expected(z: number[], y: number[]): number
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
const mean = (values: number[]) => sum(values) / values.length
const differences = (z: number[], y: number[]) => z.map((value, index) => value - y[index])
const bias = 0.25

const numbers = {
  activation: 'linear' as const,
  kernel: [
    [2, -1],
    [0.5, 3],
  ],
  target: { type: 'number' as const, names: ['u', 'v'], binary: false },
  heads: ['u', 'v'].map((name): ColumnHead => ({ name, role: 'target' })),
  targets: (row: number) => [((row * 7) % 5) - 2, row / 8],
}
const yesOrNo = {
  kernel: [[16, -8]],
  target: { type: 'binary' as const, name: 'y', classes: ['no', 'yes'] },
  heads: [{ name: 'y', role: 'target' as const, categories: ['no', 'yes'] }],
  targets: (row: number) => [row % 2],
}

const cases: Case[] = [
  {
    ...numbers,
    loss: 'squaredError',
    expected: (z, y) => sum(differences(z, y).map((d) => d ** 2)) / 2,
  },
  { ...numbers, loss: 'meanSquaredError', expected: (z, y) => mean(differences(z, y).map((d) => d ** 2)) },
  { ...numbers, loss: 'meanAbsoluteError', expected: (z, y) => mean(differences(z, y).map(Math.abs)) },
  {
    ...numbers,
    loss: 'huber',
    expected: (z, y) =>
      mean(differences(z, y).map((d) => (Math.abs(d) <= 1 ? d ** 2 / 2 : Math.abs(d) - 0.5))),
  },
  {
    ...numbers,
    loss: 'meanSquaredError',
    // Trained as (value − 1) / 4 and (value − 2) / ½.
    target: { ...numbers.target, scaling: { method: 'standardize', offset: [1, 2], scale: [4, 0.5] } },
    expected: (z, [u, v]) => mean([(z[0] - (u - 1) / 4) ** 2, (z[1] - (v - 2) / 0.5) ** 2]),
  },
  {
    ...yesOrNo,
    loss: 'binaryCrossentropy',
    activation: 'sigmoid',
    // ln(1 + e^∓z), of which the larger part is |z| where the network is certain of the wrong class.
    expected: ([z], [y]) => Math.log1p(Math.exp(-Math.abs(z))) + Math.max(y === 1 ? -z : z, 0),
  },
  {
    ...yesOrNo,
    loss: 'hinge',
    activation: 'linear',
    expected: ([z], [y]) => Math.max(0, 1 - (2 * y - 1) * z),
  },
  {
    ...yesOrNo,
    loss: 'perceptron',
    activation: 'step',
    expected: ([z], [y]) => (Number(z >= 0) - y) * z,
  },
  {
    loss: 'categoricalCrossentropy',
    activation: 'softmax',
    kernel: [
      [32, 0],
      [0, 32],
      [-16, -32],
    ],
    target: { type: 'oneHot', name: 'y', classes: ['a', 'b', 'c'] },
    heads: [{ name: 'y', role: 'target', categories: ['a', 'b', 'c'] }],
    targets: (row) => [row % 3],
    expected(z, [y]) {
      const largest = Math.max(...z)
      return largest + Math.log(sum(z.map((value) => Math.exp(value - largest)))) - z[y]
    },
  },
]

const rowCount = 150
/** Multiples of ⅛ between −6 and 6, so that many logits saturate a sigmoid. */
const inputs = Array.from({ length: rowCount }, (_, row) => [
  ((row * 37) % 97) / 8 - 6,
  ((row * 53) % 89) / 8 - 5.5,
])

function prepare(
  { loss, activation, kernel, target, heads, targets }: Case,
  backend: 'reference' | 'wasm' | 'auto',
) {
  const units = kernel.length
  const network = {
    inputShape: [2],
    layers: [{ type: 'dense' as const, units, activation, useBias: true }],
  }
  const columns: ColumnHead[] = ['a', 'b'].map((name) => ({ name, role: 'feature' }))
  const values = inputs.flatMap((row, index) => [...row, ...targets(index)])
  const table = describeTable([...columns, ...heads], Float64Array.from(values))
  const features = ['a', 'b'].map((name) => ({ type: 'number' as const, name, offset: 0, scale: 1 }))
  const weights = new Map([
    ['layers.0.weight', { shape: [units, 2], values: Float32Array.from(kernel.flat()) }],
    ['layers.0.bias', { shape: [units], values: new Float32Array(units).fill(bias) }],
  ])
  const predictor = new Predictor(network, weights, { backend, batchSize: 16 })
  const rows = { table, only: null, network, loss, coding: { features, target }, threshold: null }
  return { rows, predictor }
}

const { signal } = new AbortController()
const ranked = (each: Case, request: Partial<RankingRequest & { only: Int32Array }> = {}) => {
  const { rows, predictor } = prepare(each, 'auto')
  const { only = null, limit = rowCount, cell = null } = request
  return rankRows({ rows: { ...rows, only }, limit, cell }, predictor, signal)
}

const logits = ({ kernel }: Case, row: number) =>
  kernel.map(([first, second]) => first * inputs[row][0] + second * inputs[row][1] + bias)

/** All rows, the largest loss first; of equal ones, the first row. */
function expectedRows(each: Case): { row: number; loss: number }[] {
  const rows = inputs.map((_, row) => ({
    row,
    loss: each.expected(logits(each, row), each.targets(row)),
  }))
  return rows.sort((a, b) => b.loss - a.loss || a.row - b.row)
}

describe.each(cases.map((each) => [each.loss, each] as const))('the losses by %s', (_, each) => {
  it.each([
    'reference',
    'wasm',
    'auto',
  ] as const)('are those of the formula with %s kernels', async (backend) => {
    const { rows, predictor } = prepare(each, backend)
    const ranking = await rankRows({ rows, limit: rowCount, cell: null }, predictor, signal)
    expect(ranking).toMatchObject({ available: rowCount, count: rowCount, unanswered: 0, matching: rowCount })
    const byRow = new Map(expectedRows(each).map(({ row, loss }) => [row, loss]))
    for (const { row, loss } of ranking.rows) {
      const expected = byRow.get(row) ?? Number.NaN
      expect(Math.abs(loss - expected), `row ${row}`).toBeLessThanOrEqual(1e-5 * Math.max(1, expected))
    }
    const losses = ranking.rows.map(({ loss }) => loss)
    expect(losses).toEqual([...losses].sort((a, b) => b - a))
    expect(new Set(ranking.rows.map(({ row }) => row)).size).toBe(rowCount)
  })

  it('are the largest ones when the limit is small', async () => {
    const all = (await ranked(each)).rows
    const { rows } = await ranked(each, { limit: 7 })
    expect(rows).toEqual(all.slice(0, 7))
  })
})

const flowers = cases[8]

describe('a ranked row', () => {
  it('has its values, its class, and the prediction', async () => {
    const { columns, rows } = await ranked(flowers, { limit: 3 })
    expect(columns).toEqual(['a', 'b', 'y'])
    for (const { row, values, truth, prediction } of rows) {
      const name = 'abc'[row % 3]
      expect(values).toEqual([...inputs[row], name])
      expect(truth).toEqual({ label: name })
      const z = logits(flowers, row)
      expect(prediction.label).toBe('abc'[z.indexOf(Math.max(...z))])
      expect(Object.keys(prediction.probabilities ?? {})).toEqual(['a', 'b', 'c'])
    }
  })

  it('has exact number targets in their unit', async () => {
    const { rows } = await ranked(cases[4], { limit: 5 })
    for (const { row, truth } of rows) expect(truth).toEqual({ output: numbers.targets(row) })
  })

  it('is one of the selected rows', async () => {
    const only = Int32Array.of(3, 70, 149)
    const { available, rows } = await ranked(flowers, { only })
    expect([available, rows.map(({ row }) => row).sort((a, b) => a - b)]).toEqual([3, [...only]])
  })
})

describe('a cell of the confusion matrix', () => {
  it('keeps the rows of its classes', async () => {
    const all = (await ranked(flowers)).rows
    const inCell = all.filter(({ truth, prediction }) => truth.label === 'a' && prediction.label === 'b')
    expect(inCell.length).toBeGreaterThan(5)
    const { matching, count, rows } = await ranked(flowers, { cell: ['a', 'b'], limit: 4 })
    expect([matching, count, rows]).toEqual([inCell.length, rowCount, inCell.slice(0, 4)])
  })

  it('needs classes, and those of the model', async () => {
    await expect(ranked(flowers, { cell: ['a', 'd'] })).rejects.toThrow(
      'cell names "d", but the classes of the model are a, b, c',
    )
    await expect(ranked(cases[0], { cell: ['a', 'b'] })).rejects.toThrow('cell needs a target with classes')
  })
})

it('rows whose loss is not finite are counted, not ranked', async () => {
  const { rows, predictor } = prepare(cases[1], 'reference')
  const table = describeTable(
    rows.table.columns.map(({ name, role }) => ({ name, role })),
    Float64Array.of(1e38, -3e38, 0, 0, 1, 1, 0, 0),
  )
  const ranking = await rankRows({ rows: { ...rows, table }, limit: 5, cell: null }, predictor, signal)
  expect([ranking.unanswered, ranking.rows.map(({ row }) => row)]).toEqual([1, [1]])
})

it('ends when the signal aborts', async () => {
  const controller = new AbortController()
  const { rows, predictor } = prepare(flowers, 'auto')
  const ranking = rankRows({ rows, limit: 5, cell: null }, predictor, controller.signal)
  controller.abort(new Error('the client has left'))
  await expect(ranking).rejects.toThrow('the client has left')
})
