/** Selects the rows of a table on which a model can be evaluated. */
import type { Coding, TargetCoding } from '../contract/dataset.js'
import { cellError } from './cell-error.js'
import { forEachColumn, type Part } from './feature-coding.js'
import { everyRow } from './split-rows.js'
import { valueText } from './stored-values.js'
import type { Table } from './table.js'
import { targetNames } from './target-coding.js'
import { targetReader } from './target-writing.js'

/**
 * Ascending indices of the rows with a value for every target. Ignores targets that the table does not have.
 */
export function labelledRows(table: Table, coding: TargetCoding): Int32Array {
  const isLabelled = new Uint8Array(table.rows).fill(1)
  const every = everyRow(table)
  forEachColumn({ table, rows: every }, targetColumns(table, coding), (_, values, chosen, first) => {
    for (let index = 0; index < chosen.length; index++) {
      if (Number.isNaN(values[chosen[index]])) isLabelled[first + index] = 0
    }
  })
  return every.filter((row) => isLabelled[row] === 1)
}

/**
 * Whether every target of these rows is 0 or 1.
 * @throws DatasetError naming the first other value, if all targets of the training rows were 0 or 1
 */
export function areBinary(part: Part, coding: TargetCoding): boolean {
  const { columns } = part.table
  let areAll = true
  forEachColumn(part, targetColumns(part.table, coding), (position, values, chosen, first) => {
    const read = targetReader(columns[position])
    for (let index = 0; index < chosen.length; index++) {
      const value = read(values[chosen[index]])
      if (value === 0 || value === 1) continue
      areAll = false
      if (coding.type !== 'number' || coding.binary !== true) return
      const seen = valueText(columns[position], values[chosen[index]])
      throw cellError(columns[position], part, first + index, `${seen} is not 0 or 1, ${expected}`)
    }
  })
  return areAll
}

/**
 * Restores features that a dataset ignores because they have no values, so that their cells are missing
 * values.
 */
export function withEmptyColumns(table: Table, { features }: Coding): Table {
  const types = new Map(features.map(({ name, type }) => [name, type]))
  const columns = table.columns.map((column) => {
    const type = types.get(column.name)
    const isEmpty = column.type === 'ignored' && (column.missing ?? 0) >= table.rows
    if (type === undefined || !isEmpty) return column
    return { ...column, role: 'feature' as const, type: type === 'date' ? type : ('number' as const) }
  })
  return { ...table, columns }
}

const expected = 'the two values that the network was trained on'

function targetColumns({ columns }: Table, coding: TargetCoding): number[] {
  const names = new Set(targetNames(coding))
  return columns.flatMap(({ name, type }, index) => (names.has(name) && type !== 'ignored' ? [index] : []))
}
