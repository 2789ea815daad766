import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generatedDatasetNames, generatedDatasetSchema } from '../../src/contract/dataset.js'
import { generate, generatedRows } from '../../src/datasets/generated.js'
import { valuesOf } from '../support/tables.js'

/** The rows of a request. */
function rowsOf(request: Record<string, unknown>): number[][] {
  const table = generate(generatedDatasetSchema.parse(request))
  const { columns, rows } = table
  const values = valuesOf(table)
  const width = columns.length
  return Array.from({ length: rows }, (_, row) => [...values.subarray(row * width, (row + 1) * width)])
}

const radius = ([x1, x2]: number[]) => Math.hypot(x1, x2)
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

describe.each(generatedDatasetNames)('%s', (name) => {
  const settings = fc.record({
    rows: fc.integer({ min: 2, max: 200 }),
    seed: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  })

  it('has the requested rows, equal for equal requests', () => {
    fc.assert(
      fc.property(settings, (setting) => {
        const rows = rowsOf({ name, ...setting })
        expect(rows).toHaveLength(setting.rows)
        expect(rows.flat().every(Number.isFinite)).toBe(true)
        expect(rowsOf({ name, ...setting })).toEqual(rows)
      }),
      { numRuns: 20 },
    )
  })

  it('differs for another seed, also beyond 32 bits', () => {
    const noise = name === 'parity' ? {} : { noise: 0.1 }
    const drawn = [0, 1, 2 ** 32, 2 ** 32 + 1].map((seed) =>
      JSON.stringify(rowsOf({ name, rows: 40, seed, ...noise })),
    )
    expect(new Set(drawn).size).toBe(drawn.length)
  })
})

describe('parity', () => {
  it('is the truth table in order, with the first input as the most significant bit', () => {
    const rows = rowsOf({ name: 'parity', inputs: 3 })
    expect(rows.map((row) => row.join(''))).toEqual([
      '0000',
      '0011',
      '0101',
      '0110',
      '1001',
      '1010',
      '1100',
      '1111',
    ])
  })

  it('draws random rows if the number of rows is given', () => {
    const rows = rowsOf({ name: 'parity', inputs: 5, rows: 400, seed: 3 })
    for (const row of rows) expect(row.reduce((sum, bit) => sum + bit, 0) % 2).toBe(0)
    expect(new Set(rows.map((row) => row.join(''))).size).toBe(32)
  })
})

describe('the shapes without noise', () => {
  it('sine ranges from −π to π', () => {
    const rows = rowsOf({ name: 'sine', rows: 5 })
    const positions = [-Math.PI, -Math.PI / 2, 0, Math.PI / 2, Math.PI]
    for (const [index, x] of positions.entries()) {
      expect(rows[index][0]).toBeCloseTo(x, 6)
      expect(rows[index][1]).toBeCloseTo(Math.sin(x), 6)
    }
  })

  it('circles are nested', () => {
    const rows = rowsOf({ name: 'circles', noise: 0, rows: 50 })
    for (const row of rows) expect(radius(row)).toBeCloseTo(row[2] === 0 ? 1 : 0.5, 6)
  })

  it('moons are two interleaved half circles', () => {
    for (const [x1, x2, which] of rowsOf({ name: 'moons', noise: 0, rows: 50 })) {
      expect(which === 0 ? Math.hypot(x1, x2) : Math.hypot(x1 - 1, x2 - 0.5)).toBeCloseTo(1, 6)
      expect(which === 0 ? x2 >= -1e-6 : x2 <= 0.5 + 1e-6).toBe(true)
    }
  })

  it('the arms of the spirals are point-symmetric', () => {
    const rows = rowsOf({ name: 'spirals', noise: 0, rows: 100 })
    for (let row = 0; row < rows.length; row += 2) {
      expect(rows[row + 1][0]).toBeCloseTo(-rows[row][0], 6)
      expect(rows[row + 1][1]).toBeCloseTo(-rows[row][1], 6)
    }
    expect(radius(rows[0])).toBeCloseTo(0.2, 6)
    expect(radius(rows[99])).toBeCloseTo(2, 6)
  })

  it('both arms of the spirals end at the same radius, also if one has a row more', () => {
    const rows = rowsOf({ name: 'spirals', noise: 0, rows: 7 })
    expect(rows.slice(-2).map(radius)).toEqual([expect.closeTo(2, 6), expect.closeTo(2, 6)])
  })

  it('blobs are one point per class', () => {
    const rows = rowsOf({ name: 'blobs', noise: 0, rows: 40, classes: 4 })
    expect(new Set(rows.map((row) => row.join())).size).toBe(4)
  })
})

it('selected rows equal those of the whole table', () => {
  const request = { name: 'moons', rows: 12, noise: 0.2, seed: 9 }
  const selected = generatedRows(generatedDatasetSchema.parse(request), [0, 3, 4, 11])
  const rows = rowsOf(request)
  expect(selected).toEqual([0, 3, 4, 11].map((row) => [rows[row][0], rows[row][1], String(rows[row][2])]))
})

it('noise has the requested deviation', () => {
  const rows = rowsOf({ name: 'circles', rows: 20_000, noise: 0.3, seed: 5 })
  const exact = rowsOf({ name: 'circles', rows: 20_000, noise: 0 })
  const noise = rows.flatMap(([x1, x2], row) => [x1 - exact[row][0], x2 - exact[row][1]])
  expect(mean(noise)).toBeCloseTo(0, 2)
  expect(Math.sqrt(mean(noise.map((each) => each * each)))).toBeCloseTo(0.3, 2)
  expect(mean(noise.map((each) => (Math.abs(each) < 0.3 ? 1 : 0)))).toBeCloseTo(0.6827, 2)
})

it('these rows never change, so that old trainings are reproducible', () => {
  const text = (request: Record<string, unknown>) => rowsOf(request).map((row) => row.join(' '))
  expect(text({ name: 'spirals', rows: 4, noise: 0.1, seed: 1 })).toEqual([
    '0.07685710489749908 -0.17635196447372437 0',
    '-0.2583378851413727 0.009054341353476048 1',
    '-2.0281848907470703 0.05374408885836601 0',
    '2.0059869289398193 -0.08026473224163055 1',
  ])
  expect(text({ name: 'parity', inputs: 16, rows: 2, seed: 1 })).toEqual([
    '0 1 1 1 0 1 1 1 1 1 1 0 1 1 1 0 0',
    '0 1 1 0 1 1 1 1 1 0 0 1 1 0 0 1 0',
  ])
})

it.each([
  [{ name: 'spirals', rows: 1 }, 'rows'],
  [{ name: 'spirals', rows: 100_001 }, 'rows'],
  [{ name: 'moons', noise: -1 }, 'noise'],
  [{ name: 'parity', inputs: 17 }, 'inputs'],
  [{ name: 'blobs', classes: 11 }, 'classes'],
  [{ name: 'sine', seed: 0.5 }, 'seed'],
  [{ name: 'xor' }, 'name'],
  [{ name: 'sine', classes: 2 }, ''],
])('%o is refused', (request, place) => {
  const { error } = generatedDatasetSchema.safeParse(request)
  expect(error?.issues.map((issue) => issue.path.join('/'))).toEqual([place])
})
