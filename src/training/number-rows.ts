/**
 * The rows of a large prediction request, if they are lists of numbers of one length. They cross between the threads as one
 * typed array, because the event loop would copy lists element by element.
 */
import type { EncodableRow, RowList } from '../datasets/raw-rows.js'

export interface NumberRows {
  /** [rows, width], row-major */
  numbers: Float64Array
  width: number
}

/** Null for rows of another kind. The rows that are packed are valid by the schema of the body. */
export function packNumberRows(body: unknown, mostRows: number): NumberRows | null {
  if (typeof body !== 'object' || body === null || !('inputs' in body)) return null
  const { inputs } = body
  if (Object.keys(body).length > 1 || !Array.isArray(inputs) || inputs.length > mostRows) return null
  const [first]: unknown[] = inputs
  if (!Array.isArray(first) || first.length === 0) return null
  const width = first.length
  const numbers = new Float64Array(inputs.length * width)
  let position = 0
  for (const row of inputs as unknown[]) {
    if (!Array.isArray(row) || row.length !== width) return null
    for (let index = 0; index < width; index++) {
      const cell: unknown = row[index]
      if (typeof cell !== 'number' || !Number.isFinite(cell)) return null
      numbers[position++] = cell
    }
  }
  return { numbers, width }
}

/** The rows of such a body, created on access. */
export class NumberRowList implements RowList<EncodableRow> {
  readonly length: number

  constructor(private readonly rows: NumberRows) {
    this.length = rows.numbers.length / rows.width
  }

  at(row: number): Float64Array | undefined {
    const { numbers, width } = this.rows
    return row < this.length ? numbers.subarray(row * width, (row + 1) * width) : undefined
  }
}
