import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generatedDatasetNames } from '../../src/contract/dataset.js'
import { builtIn, builtInNames } from '../../src/datasets/built-ins.js'
import { valuesOf } from '../support/tables.js'

function valuesOfBuiltIn(name: string): Float64Array {
  const table = builtIn(name)
  if (table === undefined) throw new Error(`${name} is no built-in`)
  return valuesOf(table)
}

test.each([
  ['and', [0, 0, 0, 1]],
  ['or', [0, 1, 1, 1]],
  ['nand', [1, 1, 1, 0]],
  ['xor', [0, 1, 1, 0]],
])('%s is its truth table', (name, truth) => {
  const table = builtIn(name)
  expect(table?.rows).toBe(4)
  expect(table?.columns.map((column) => [column.name, column.type, column.role])).toEqual([
    ['x1', 'number', 'feature'],
    ['x2', 'number', 'feature'],
    ['y', 'number', 'target'],
  ])
  expect(table && valuesOf(table)).toEqual(
    Float64Array.of(0, 0, truth[0], 0, 1, truth[1], 1, 0, truth[2], 1, 1, truth[3]),
  )
})

test('returns every listed name and no other', () => {
  expect(builtInNames).toEqual(['and', 'or', 'nand', 'xor', 'iris', ...generatedDatasetNames])
  for (const name of builtInNames) expect(builtIn(name)).toBeDefined()
  for (const name of ['', 'XOR', 'toString', '__proto__']) expect(builtIn(name)).toBeUndefined()
})

test('returns a new table on each call', () => {
  builtIn('xor')?.chunks[0].fill(255)
  expect(valuesOfBuiltIn('xor')[0]).toBe(0)
})

test('iris equals examples/iris.csv and is the only standardized built-in', () => {
  const table = builtIn('iris')
  const [header, ...flowers] = readFileSync('examples/iris.csv', 'utf8').trim().split('\n')
  expect(table?.columns.map((column) => column.name).join(',')).toBe(header)
  const values = valuesOfBuiltIn('iris')
  const species = table?.columns.at(-1)?.categories ?? []
  const lines = Array.from({ length: table?.rows ?? 0 }, (_, row) => {
    const [which, ...lengths] = [...values.subarray(5 * row, 5 * row + 5)].reverse()
    return [...lengths.reverse().map((length) => length.toFixed(1)), species[which]].join(',')
  })
  expect(lines).toEqual(flowers)
  expect(builtInNames.filter((name) => builtIn(name)?.scaling === 'standardize')).toEqual(['iris'])
})
