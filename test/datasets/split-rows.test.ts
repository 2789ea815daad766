/** Validation rows of a job. */
import { describe, expect, test } from 'vitest'
import type { Split } from '../../src/contract/job-request.js'
import type { Loss } from '../../src/contract/network.js'
import { tableFromInline } from '../../src/datasets/inline.js'
import { readClasses, splitTable } from '../../src/datasets/split-rows.js'
import { splitRows } from '../../src/engine/index.js'

const ten = tableFromInline({ x: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], y: [0, 0, 0, 0, 0, 0, 0, 0, 1, 1] })
const spec = (split: Split, seed = 1) => ({
  split,
  seed,
  validationSplit: 0.3,
  loss: 'squaredError' as const,
})

describe('a split', () => {
  test('at random equals that of older versions, so that their jobs resume with the same rows', () => {
    expect(splitTable(spec('random', 7), ten)).toMatchObject(splitRows(10, 0.3, 7))
  })

  test('by class gives each class its share, also for class indices', () => {
    const of = (loss: Loss) => [
      ...splitTable({ ...spec('stratified'), validationSplit: 0.5, loss }, ten).validation,
    ]
    const held = of('binaryCrossentropy')
    expect(held.filter((row) => row >= 8)).toHaveLength(1)
    expect(held).toHaveLength(5)
    // Amounts are not classes.
    expect(of('squaredError')).toEqual([...splitRows(10, 0.5, 1).validation])
  })

  test('by class numbers the classes in ascending order of their values', () => {
    const table = tableFromInline({ x: [1, 2, 3, 4], y: [10, 9, 2, 10] })
    expect([...(readClasses(table, 'categoricalCrossentropy') ?? [])]).toEqual([2, 1, 0, 2])
  })

  test('by time takes the last rows', () => {
    const { training, validation } = splitTable(spec('chronological'), ten)
    expect([...training]).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect([...validation]).toEqual([7, 8, 9])
  })
})
