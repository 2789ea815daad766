/** Features that determine the target. Each column is built to determine it, or not to. */
import { describe, expect, test } from 'vitest'
import { type Columns, prepared, reading } from '../support/prepared.js'

const rows = Array.from({ length: 60 }, (_, row) => row)
const noise = rows.map((row) => ((row * 17) % 61) / 100)
const survived = rows.map((row) => (row % 3 === 0 ? 1 : 0))

async function leaksOf(columns: Record<string, (string | number)[]>, target: string): Promise<string[]> {
  const batches = Object.entries(columns).map(([name, cells]) => [
    name,
    [cells.slice(0, 25), cells.slice(25)],
  ])
  const { warnings } = await prepared(reading(Object.fromEntries(batches) as Columns), { target: [target] })
  return warnings.filter(({ code }) => code === 'possible-leak').flatMap(({ columns }) => columns)
}

describe('a leak is', () => {
  test.each<[what: string, leak: (string | number)[], target: (string | number)[]]>([
    ['a copy in words', survived.map((one) => (one === 1 ? 'yes' : 'no')), survived],
    ['the same values', survived, survived],
    ['a code of the classes', survived.map((one) => 10 + one), survived.map((one) => 'ab'[one])],
    ['a finer class', rows.map((row) => `${survived[row]}-${row % 2}`), survived],
    ['the same number in another unit', noise.map((y) => 32 + 1.8 * y), noise],
    ['the same number', noise, noise],
  ])('%s', async (_, leak, target) => {
    const other = rows.map((row) => (row * 7) % 5)
    expect(await leaksOf({ other, leak, target }, 'target')).toEqual(['leak'])
  })

  test('reported with the parameter that ignores it', async () => {
    const alive = survived.map((one) => (one === 1 ? 'yes' : 'no'))
    const { warnings } = await prepared(reading({ noise: [noise], alive: [alive], survived: [survived] }))
    expect(warnings.find(({ code }) => code === 'possible-leak')).toEqual({
      code: 'possible-leak',
      columns: ['alive'],
      message:
        'alive determines survived in every row, so the metrics are misleading unless it is known at prediction time; ' +
        'to ignore it: types=alive:ignored',
    })
  })
})

describe('no leak is', () => {
  test.each<[what: string, feature: (string | number)[], target: (string | number)[]]>([
    ['a copy with one exception', survived.map((one, row) => (row === 59 ? 1 - one : one)), survived],
    ['a measurement that never recurs', noise, survived],
    [
      'a measurement that only rows copied whole repeat',
      rows.map((row) => noise[row % 30]),
      rows.map((row) => survived[row % 30]),
    ],
    ['a constant', rows.map(() => 5), survived],
    ['a target that is constant', survived, rows.map(() => 'same')],
  ])('%s', async (_, feature, target) => {
    const other = rows.map((row) => (row * 7) % 5)
    expect(await leaksOf({ other, feature, target }, 'target')).toEqual([])
  })

  test('the only feature, or a feature with few rows', async () => {
    expect(await leaksOf({ feature: survived, target: survived }, 'target')).toEqual([])
    const few = { other: [1, 5, 2, 4], feature: [10, 11, 10, 11], target: [0, 1, 0, 1] }
    expect(await leaksOf({ ...few }, 'target')).toEqual([])
    const line = rows.slice(0, 19).map((row) => noise[row])
    const other = rows.slice(0, 19).map((row) => (row * 7) % 5)
    expect(await leaksOf({ other, feature: line.map((y) => 3 - 2 * y), target: line }, 'target')).toEqual([])
  })

  test('a category whose texts recur in fewer than every second row', async () => {
    const other = rows.map((row) => (row * 7) % 5)
    for (const [texts, leaks] of [
      [30, ['feature']],
      [31, []],
    ] as const) {
      const feature = rows.map((row) => `text ${row % texts}`)
      const target = rows.map((row) => 'ab'[(row % texts) % 2])
      const { warnings } = await prepared(reading({ other: [other], feature: [feature], target: [target] }), {
        target: ['target'],
        types: [{ name: 'feature', type: 'category' }],
      })
      const found = warnings.filter(({ code }) => code === 'possible-leak')
      expect(found.flatMap(({ columns }) => columns)).toEqual(leaks)
    }
  })
})
