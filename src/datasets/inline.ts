/** Inline rows of a request. */
import { type ColumnHead, DatasetError, describeTable, type Table } from './table.js'

/** Rows of numbers. A plain number is a row with one column. */
export type InlineRows = readonly (number | readonly number[])[]

/** Equal to the default limit of files. */
const maximumColumns = 10_000

function rowWidth(rows: InlineRows): number {
  const [first] = rows
  return typeof first === 'number' ? 1 : first.length
}

function checkRows(field: 'x' | 'y', rows: InlineRows): void {
  const width = rowWidth(rows)
  if (width === 0) throw new DatasetError('invalid-dataset', `${field}: row 1 is empty`, `/${field}/0`)
  for (const [index, row] of rows.entries()) {
    const numbers = typeof row === 'number' ? [row] : row
    const pointer = `/${field}/${index}`
    if (numbers.length !== width) {
      const message = `${field}: row ${index + 1} has ${countNumbers(numbers.length)}, but the first row has ${width}`
      throw new DatasetError('invalid-dataset', message, pointer)
    }
    const wrong = numbers.findIndex((value) => !Number.isFinite(value))
    if (wrong >= 0) {
      const message = `${field}: row ${index + 1}, number ${wrong + 1} is not a finite number`
      throw new DatasetError(
        'invalid-dataset',
        message,
        typeof row === 'number' ? pointer : `${pointer}/${wrong}`,
      )
    }
  }
}

const countNumbers = (count: number) => (count === 1 ? '1 number' : `${count} numbers`)

function heads(prefix: 'x' | 'y', role: ColumnHead['role'], width: number): ColumnHead[] {
  return Array.from({ length: width }, (_, index) => ({ name: `${prefix}${index + 1}`, role }))
}

/**
 * Builds the table of `{x, y}` with the features x1, x2, … and the target y, or targets y1, y2, ….
 * @throws DatasetError naming the row when rows are missing, ragged or not finite
 */
export function tableFromInline({ x, y }: { x: InlineRows; y: InlineRows }): Table {
  if (x.length === 0) throw new DatasetError('invalid-dataset', 'x has no rows', '/x')
  if (x.length !== y.length) {
    const message = `x has ${x.length} rows and y has ${y.length}; each row of x needs one row of y`
    throw new DatasetError('invalid-dataset', message, '/y')
  }
  checkRows('x', x)
  checkRows('y', y)
  const [features, targets] = [rowWidth(x), rowWidth(y)]
  const width = features + targets
  if (width > maximumColumns) {
    const message = `x and y have ${width} columns; the limit of inline rows is ${maximumColumns} columns`
    throw new DatasetError('dataset-too-large', message)
  }
  const values = new Float64Array(x.length * width)
  for (const [row, input] of x.entries()) {
    const target = y[row]
    values.set(typeof input === 'number' ? [input] : input, row * width)
    values.set(typeof target === 'number' ? [target] : target, row * width + features)
  }
  const targetHeads: ColumnHead[] =
    targets === 1 ? [{ name: 'y', role: 'target' }] : heads('y', 'target', targets)
  return describeTable([...heads('x', 'feature', features), ...targetHeads], values)
}
