/** Whether the first row of a delimited file names its columns. */
import type { CsvCells } from './csv-cells.js'
import { isNumberCell, numberInCell } from './number-cells.js'

/** Of fewer columns, numbers in order may be data. */
const fewColumns = 3
const years = { first: 1_800, last: 2_200 }

interface Column {
  /** The cell of the first row. */
  above: 'number' | 'word' | 'empty'
  value: number
  /** Cells below that are numbers, and that are words. */
  numbers: number
  words: number
  /** The cell of the first row stands again in a later row. */
  recurs: boolean
}

/** By the first rows; a comma may be decimal where `allowsComma`. */
export function hasHeader(cells: CsvCells, bytes: Buffer, allowsComma: boolean): boolean {
  if (cells.rows < 2) return cells.rows === 0 || !firstRowHasNumber(cells, bytes, allowsComma)
  const columns = Array.from({ length: cells.width(0) }, (_, column) =>
    columnOf(cells, bytes, column, allowsComma),
  )
  const words = columns.filter(({ above }) => above === 'word')
  const numbers = columns.filter(({ above }) => above === 'number')
  if (numbers.length === 0) return !isRowOfCategories(columns)
  if (numbers.length === columns.length && isNumberedInOrder(columns)) return true
  // A word above nothing but numbers, or a number above nothing but words, names its column.
  if (words.some((column) => column.words === 0 && column.numbers > 0)) return true
  const isNameAboveWords = (column: Column) => column.numbers === 0 && column.words > 0 && !column.recurs
  if (numbers.some(isNameAboveWords)) return true
  // 0, 1, 2, species: numbers that count the columns beside a word that never comes again.
  return isNumberedInOrder(columns) && words.length > 0 && words.every(({ recurs }) => !recurs)
}

function firstRowHasNumber(cells: CsvCells, bytes: Buffer, allowsComma: boolean): boolean {
  return Array.from({ length: cells.width(0) }, (_, column) => column).some((column) =>
    isNumberCell(bytes, cells.start(0, column), cells.end(0, column), allowsComma),
  )
}

function columnOf(cells: CsvCells, bytes: Buffer, column: number, allowsComma: boolean): Column {
  const isNumber = (row: number) =>
    isNumberCell(bytes, cells.start(row, column), cells.end(row, column), allowsComma)
  const isEmpty = (row: number) => cells.start(row, column) === cells.end(row, column)
  const name = cells.text(0, column)
  let [numbers, words, recurs] = [0, 0, false]
  for (let row = 1; row < cells.rows; row++) {
    if (column >= cells.width(row) || isEmpty(row)) continue
    if (isNumber(row)) numbers += 1
    else words += 1
    recurs ||= cells.text(row, column) === name
  }
  const above = isEmpty(0) ? 'empty' : isNumber(0) ? 'number' : 'word'
  const value = numberInCell(bytes, cells.start(0, column), cells.end(0, column))
  return { above, value, numbers, words, recurs }
}

/** Words above words that stand again below in most columns are a row like the others. */
function isRowOfCategories(columns: readonly Column[]): boolean {
  if (columns.some(({ above, numbers, words }) => above === 'empty' || (numbers > 0 && words === 0)))
    return false
  const recurring = columns.filter(({ recurs }) => recurs).length
  return recurring * 2 > columns.length
}

/** The numbers are the places of their columns, from 0 or 1, or years in order, and the cells below are none of the kind. */
function isNumberedInOrder(columns: readonly Column[]): boolean {
  const numbered = columns.flatMap((column, place) =>
    column.above === 'number' ? [{ ...column, place }] : [],
  )
  if (numbered.length < fewColumns && numbered.length === columns.length) return false
  const isPlace = (from: number) => numbered.every(({ value, place }) => value === place + from)
  if (isPlace(0)) return true
  const recurring = numbered.filter(({ recurs }) => recurs).length
  if (recurring > 0) return false
  const isRising = numbered.every(
    ({ value }, index) => index === 0 || value === numbered[index - 1].value + 1,
  )
  const areYears = numbered.every(
    ({ value }) => Number.isInteger(value) && value >= years.first && value <= years.last,
  )
  return numbered.length >= fewColumns - 1 && isRising && (areYears || isPlace(1))
}
