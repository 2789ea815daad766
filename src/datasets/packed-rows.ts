/**
 * The storage format of rows: column by column, each in the smallest number format that represents its values
 * exactly. Little-endian: rows (uint32), columns (uint32), the format of each column (uint8), then the data
 * of each column. A missing value is NaN.
 */

const formats = ['absent', 'constant', 'bits', 'uint8', 'int16', 'float32', 'float64'] as const
type Format = (typeof formats)[number]

const headerBytes = 8
const missingInt16 = -32_768

/** The values of a column. Null for a column that is not stored. */
export type ColumnValues = Float64Array | null

/** Packs columns of `rows` values each. */
export function packRows(columns: readonly ColumnValues[], rows: number): Uint8Array<ArrayBuffer> {
  const chosen = columns.map((values) => (values === null ? 'absent' : smallestFormat(values)))
  const size = chosen.reduce((sum, format) => sum + dataBytes(format, rows), headerBytes + columns.length)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, rows, true)
  view.setUint32(4, columns.length, true)
  let offset = headerBytes + columns.length
  for (const [index, values] of columns.entries()) {
    const format = chosen[index]
    bytes[headerBytes + index] = formats.indexOf(format)
    if (values !== null) write(format, values, bytes, offset)
    offset += dataBytes(format, rows)
  }
  return bytes
}

/** Rows packed by `packRows`, read in place. */
export class PackedRows {
  readonly rows: number
  readonly columns: number
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #formats: Format[] = []
  readonly #offsets: number[] = []

  /** @throws RangeError if the bytes do not have the length that their header requires */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#bytes = bytes
    this.#view = view
    this.rows = view.getUint32(0, true)
    this.columns = view.getUint32(4, true)
    let offset = headerBytes + this.columns
    if (offset > bytes.length)
      throw new RangeError(`packed rows have ${bytes.length} bytes, fewer than their ${this.columns} columns`)
    for (let column = 0; column < this.columns; column++) {
      const format = formats[bytes[headerBytes + column]]
      this.#formats.push(format)
      this.#offsets.push(offset)
      offset += dataBytes(format, this.rows)
    }
    if (offset !== bytes.length)
      throw new RangeError(`packed rows have ${bytes.length} bytes, ${offset} are expected`)
  }

  /** Copies a column to the start of `into`. All values are NaN if the column is not stored. */
  read(column: number, into: Float64Array): void {
    const { rows } = this
    const bytes = this.#bytes
    const offset = this.#offsets[column]
    const format = this.#formats[column]
    switch (format) {
      case 'absent':
        into.fill(Number.NaN, 0, rows)
        break
      case 'constant':
        into.fill(this.#view.getFloat64(offset, true), 0, rows)
        break
      case 'bits':
        for (let row = 0; row < rows; row++) into[row] = (bytes[offset + (row >> 3)] >> (row & 7)) & 1
        break
      case 'uint8':
        for (let row = 0; row < rows; row++) into[row] = bytes[offset + row]
        break
      case 'int16': {
        // Copied, because a typed array must be aligned.
        const values = new Int16Array(bytes.slice(offset, offset + 2 * rows).buffer)
        for (let row = 0; row < rows; row++) {
          into[row] = values[row] === missingInt16 ? Number.NaN : values[row]
        }
        break
      }
      case 'float32':
        into.set(new Float32Array(bytes.slice(offset, offset + 4 * rows).buffer))
        break
      case 'float64':
        into.set(new Float64Array(bytes.slice(offset, offset + 8 * rows).buffer))
        break
      default:
        format satisfies never
    }
  }

  /** Reads a single value. */
  at(row: number, column: number): number {
    const bytes = this.#bytes
    const offset = this.#offsets[column]
    const view = this.#view
    const format = this.#formats[column]
    switch (format) {
      case 'absent':
        return Number.NaN
      case 'constant':
        return view.getFloat64(offset, true)
      case 'bits':
        return (bytes[offset + (row >> 3)] >> (row & 7)) & 1
      case 'uint8':
        return bytes[offset + row]
      case 'int16': {
        const value = view.getInt16(offset + 2 * row, true)
        return value === missingInt16 ? Number.NaN : value
      }
      case 'float32':
        return view.getFloat32(offset + 4 * row, true)
      case 'float64':
        return view.getFloat64(offset + 8 * row, true)
      default:
        return format satisfies never
    }
  }
}

function smallestFormat(values: Float64Array): Format {
  let minimum = Number.POSITIVE_INFINITY
  let maximum = Number.NEGATIVE_INFINITY
  let missing = false
  let whole = true
  let signedZero = false
  for (let row = 0; row < values.length; row++) {
    const value = values[row]
    if (value < minimum) minimum = value
    if (value > maximum) maximum = value
    if (value !== Math.trunc(value)) {
      if (Number.isNaN(value)) missing = true
      else whole = false
    } else if (value === 0 && 1 / value < 0) signedZero = true
  }
  const isAllMissing = minimum > maximum
  if (isAllMissing || (minimum === maximum && !missing && !signedZero)) return 'constant'
  if (signedZero) whole = false
  if (whole && !missing && minimum >= 0 && maximum <= 1) return 'bits'
  if (whole && !missing && minimum >= 0 && maximum <= 255) return 'uint8'
  if (whole && minimum > missingInt16 && maximum <= 32_767) return 'int16'
  for (let row = 0; row < values.length; row++) {
    const value = values[row]
    if (Math.fround(value) !== value && !Number.isNaN(value)) return 'float64'
  }
  return 'float32'
}

function dataBytes(format: Format, rows: number): number {
  switch (format) {
    case 'absent':
      return 0
    case 'constant':
      return 8
    case 'bits':
      return Math.ceil(rows / 8)
    case 'uint8':
      return rows
    case 'int16':
      return 2 * rows
    case 'float32':
      return 4 * rows
    case 'float64':
      return 8 * rows
    default:
      return format satisfies never
  }
}

function write(format: Format, values: Float64Array, bytes: Uint8Array, offset: number): void {
  switch (format) {
    case 'absent':
      break
    case 'constant':
      bytes.set(new Uint8Array(Float64Array.of(values[0]).buffer), offset)
      break
    case 'bits':
      for (let row = 0; row < values.length; row++) bytes[offset + (row >> 3)] |= values[row] << (row & 7)
      break
    case 'uint8':
      for (let row = 0; row < values.length; row++) bytes[offset + row] = values[row]
      break
    case 'int16': {
      const numbers = new Int16Array(values.length)
      for (let row = 0; row < values.length; row++) {
        numbers[row] = Number.isNaN(values[row]) ? missingInt16 : values[row]
      }
      bytes.set(new Uint8Array(numbers.buffer), offset)
      break
    }
    case 'float32':
      bytes.set(new Uint8Array(new Float32Array(values).buffer), offset)
      break
    case 'float64':
      bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset)
      break
    default:
      format satisfies never
  }
}
