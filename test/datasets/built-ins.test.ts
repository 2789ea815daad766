import { expect, test } from 'vitest'
import { builtIn, builtInNames } from '../../src/datasets/built-ins.js'

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
  expect(table?.values).toEqual(
    Float64Array.of(0, 0, truth[0], 0, 1, truth[1], 1, 0, truth[2], 1, 1, truth[3]),
  )
})

test('every name listed can be had, others cannot', () => {
  expect(builtInNames).toEqual(['and', 'or', 'nand', 'xor'])
  for (const name of builtInNames) expect(builtIn(name)).toBeDefined()
  for (const name of ['', 'XOR', 'toString', '__proto__']) expect(builtIn(name)).toBeUndefined()
})

test('a caller that changes its table does not change the next one', () => {
  builtIn('xor')?.values.fill(9)
  expect(builtIn('xor')?.values[0]).toBe(0)
})
