/** What of a table, whatever it was made for, a model can be held to. */
import type { Coding, TargetCoding } from '../contract/dataset.js'
import { textOf } from './column-meaning.js'
import { eachColumn, type Part } from './feature-coding.js'
import { refusedCell } from './refused-cell.js'
import { everyRow } from './split-rows.js'
import type { Table } from './table.js'
import { targetNames } from './target-coding.js'
import { targetReader } from './target-writing.js'

/** Ascending numbers of the rows that have a value of every target. Columns that the table lacks do not count. */
export function labelledRows(table: Table, coding: TargetCoding): Int32Array {
  const isLabelled = new Uint8Array(table.rows).fill(1)
  const every = everyRow(table)
  eachColumn({ table, rows: every }, placesOf(table, coding), (_, values, chosen, first) => {
    for (let index = 0; index < chosen.length; index++) {
      if (Number.isNaN(values[chosen[index]])) isLabelled[first + index] = 0
    }
  })
  return every.filter((row) => isLabelled[row] === 1)
}

/**
 * Whether every target of these rows is 0 or 1.
 * @throws DatasetError naming the first that is not, where all were that the network was trained on
 */
export function areBinary(part: Part, coding: TargetCoding): boolean {
  const { columns } = part.table
  let areAll = true
  eachColumn(part, placesOf(part.table, coding), (place, values, chosen, first) => {
    const read = targetReader(columns[place])
    for (let index = 0; index < chosen.length; index++) {
      const value = read(values[chosen[index]])
      if (value === 0 || value === 1) continue
      areAll = false
      if (coding.type !== 'number' || coding.binary !== true) return
      const seen = textOf(columns[place], values[chosen[index]])
      throw refusedCell(columns[place], part, first + index, `${seen} is neither 0 nor 1, ${known}`)
    }
  })
  return areAll
}

/** Features without a value in any row are ignored where a dataset is made; here they are gaps. */
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

const known = 'and the network was trained to tell these two apart'

function placesOf({ columns }: Table, coding: TargetCoding): number[] {
  const names = new Set(targetNames(coding))
  return columns.flatMap(({ name, type }, place) => (names.has(name) && type !== 'ignored' ? [place] : []))
}
