/**
 * Reads arrays of numbers or short texts that a file stores as in memory: the contents of NumPy and IDX
 * files.
 */

import { type FileHandle, open } from 'node:fs/promises'
import { endianness } from 'node:os'
import { fromHalfPrecision } from '../../base/half-precision.js'
import type { Cells, ColumnReading } from './batch.js'
import { invalid, limitExceeded, type ReadingLimits } from './limits.js'

export type ItemType =
  | 'boolean'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'uint32'
  | 'int32'
  | 'uint64'
  | 'int64'
  | 'float16'
  | 'float32'
  | 'float64'
  | 'bytes'
  | 'utf32'

export interface ArrayFile {
  path: string
  /** For messages. */
  name: string
  /** Byte offset of the items. */
  offset: number
  type: ItemType
  itemBytes: number
  bigEndian: boolean
  /** The first dimension is the rows. */
  shape: number[]
  /** Whether the items are in column-major (Fortran) order, not in row-major (C) order. */
  isColumnMajor: boolean
}

const isBigEndianMachine = endianness() === 'BE'

export const rowWidth = ({ shape }: ArrayFile) =>
  shape.slice(1).reduce((product, length) => product * length, 1)

/** Reads an open array by ranges of rows. */
export class ArrayReader {
  readonly width: number
  readonly rows: number
  readonly #array: ArrayFile
  readonly #file: FileHandle
  /** Index within the row, in C order, of each column. */
  readonly #order: readonly number[]

  private constructor(array: ArrayFile, file: FileHandle, order: readonly number[]) {
    this.#array = array
    this.#file = file
    this.#order = order
    this.width = rowWidth(array)
    this.rows = array.shape[0]
  }

  /**
   * @param order for each column its index within the row, in C order
   * @throws DatasetError when the file has another size than its header says, or exceeds a limit
   */
  static async open(
    array: ArrayFile,
    limits: ReadingLimits,
    order: readonly number[] = Array.from(
      { length: Math.min(rowWidth(array), limits.columns) },
      (_, index) => index,
    ),
  ): Promise<ArrayReader> {
    const { name, shape, offset, itemBytes, path } = array
    const [rows] = shape
    const width = rowWidth(array)
    const finding = `${name} has the shape [${shape.slice(0, 8).join(', ')}]`
    if (rows === undefined) throw invalid(`${name} has a single value, not rows`)
    if (rows === 0 || width === 0) throw invalid(`${finding}, which is empty`)
    if (rows > limits.rows) throw limitExceeded(limits, 'rows', `${finding}, which is ${rows} rows`)
    if (width > limits.columns)
      throw limitExceeded(limits, 'columns', `${finding}, which is ${width} columns`)
    const file = await open(path)
    const { size } = await file.stat()
    const needed = offset + rows * width * itemBytes
    if (size === needed) return new ArrayReader(array, file, order)
    await file.close()
    throw invalid(`${name} has ${size} bytes, but its header says ${needed}`)
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  /** @param readings how to read each column. Integers beyond 2^53 are read as text. */
  async read(firstRow: number, rows: number, readings: readonly ColumnReading[]): Promise<Cells[]> {
    const { type } = this.#array
    const items = this.#array.isColumnMajor
      ? await this.#readColumns(firstRow, rows)
      : await this.#readItems(firstRow * this.width, rows * this.width)
    const [rowStep, columnStep] = this.#array.isColumnMajor ? [1, rows] : [this.width, 1]
    const positions = this.#array.isColumnMajor ? this.#columnMajorOrder() : this.#order
    return positions.map((index, column): Cells => {
      const start = index * columnStep
      const reading = readings[column] ?? 'infer'
      if (reading === 'skip') return { type: 'skipped', rows }
      if (type === 'bytes' || type === 'utf32') {
        const cells = Array.from({ length: rows }, (_, row) => this.#text(items, start + row * rowStep))
        return { type: 'text', cells }
      }
      if (type === 'int64' || type === 'uint64') {
        return integerCells(this.#integers(items), rows, start, rowStep, reading)
      }
      const values = new Float64Array(rows)
      const numbers = this.#numbers(items)
      for (let row = 0; row < rows; row++) values[row] = numbers[start + row * rowStep]
      return { type: 'number', values }
    })
  }

  #decodedIntegers: { items: Buffer; integers: BigInt64Array | BigUint64Array } | undefined

  #integers(items: Buffer): BigInt64Array | BigUint64Array {
    if (this.#decodedIntegers?.items !== items) {
      this.#decodedIntegers = { items, integers: decodeIntegers(items, this.#array) }
    }
    return this.#decodedIntegers.integers
  }

  #decoded: { items: Buffer; numbers: ArrayLike<number> } | undefined

  #numbers(items: Buffer): ArrayLike<number> {
    if (this.#decoded?.items !== items) {
      this.#decoded = { items, numbers: decodeNumbers(items, this.#array) }
    }
    return this.#decoded.numbers
  }

  async #readItems(first: number, count: number): Promise<Buffer> {
    const { itemBytes, offset } = this.#array
    // A separate buffer is aligned for every type of number.
    const bytes = Buffer.from(new ArrayBuffer(count * itemBytes))
    await this.#fill(bytes, offset + first * itemBytes)
    return bytes
  }

  /** Reads the rows column by column. */
  async #readColumns(firstRow: number, rows: number): Promise<Buffer> {
    const { itemBytes, offset } = this.#array
    const bytes = Buffer.from(new ArrayBuffer(rows * this.width * itemBytes))
    for (let column = 0; column < this.width; column++) {
      const part = bytes.subarray(column * rows * itemBytes, (column + 1) * rows * itemBytes)
      await this.#fill(part, offset + (column * this.rows + firstRow) * itemBytes)
    }
    return bytes
  }

  async #fill(bytes: Buffer, position: number): Promise<void> {
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await this.#file.read(bytes, filled, bytes.length - filled, position + filled)
      if (bytesRead === 0) throw invalid(`${this.#array.name} was truncated while it was read`)
      filled += bytesRead
    }
  }

  /** Converts the indices of `#order` to column-major order. */
  #columnMajorOrder(): number[] {
    const lengths = this.#array.shape.slice(1)
    return this.#order.map((position) => {
      let [rest, stride, fortran] = [position, this.width, 0]
      const indices: number[] = []
      for (const length of lengths) {
        stride /= length
        indices.push(Math.floor(rest / stride))
        rest %= stride
      }
      let step = 1
      for (const [dimension, index] of indices.entries()) {
        fortran += index * step
        step *= lengths[dimension]
      }
      return fortran
    })
  }

  #text(items: Buffer, item: number): string {
    const { type, itemBytes, bigEndian, name } = this.#array
    const bytes = items.subarray(item * itemBytes, (item + 1) * itemBytes)
    if (type === 'bytes') return bytes.toString('utf8').replace(/\0+$/, '').normalize('NFC')
    let text = ''
    for (let index = 0; index < bytes.length; index += 4) {
      const point = bigEndian ? bytes.readUInt32BE(index) : bytes.readUInt32LE(index)
      if (point > 0x10ffff) throw invalid(`${name} has a text that is not Unicode`)
      text += String.fromCodePoint(point)
    }
    return text.replace(/\0+$/, '').normalize('NFC')
  }
}

/** Numbers if a float64 represents all of them exactly, else texts. */
function integerCells(
  integers: BigInt64Array | BigUint64Array,
  rows: number,
  start: number,
  step: number,
  reading: ColumnReading,
): Cells {
  const values = new Float64Array(rows)
  let isExact = reading !== 'text'
  for (let row = 0; row < rows && isExact; row++) {
    values[row] = Number(integers[start + row * step])
    isExact = Number.isSafeInteger(values[row])
  }
  if (isExact) return { type: 'number', values }
  return { type: 'text', cells: Array.from(values, (_, row) => String(integers[start + row * step])) }
}

function decodeIntegers(items: Buffer, { type, bigEndian }: ArrayFile): BigInt64Array | BigUint64Array {
  if (bigEndian !== isBigEndianMachine) swap(items, type)
  return type === 'int64' ? new BigInt64Array(items.buffer) : new BigUint64Array(items.buffer)
}

function decodeNumbers(items: Buffer, { type, bigEndian }: ArrayFile): ArrayLike<number> {
  const { buffer } = items
  if (bigEndian !== isBigEndianMachine) swap(items, type)
  switch (type) {
    case 'boolean':
    case 'uint8':
      return new Uint8Array(buffer)
    case 'int8':
      return new Int8Array(buffer)
    case 'uint16':
      return new Uint16Array(buffer)
    case 'int16':
      return new Int16Array(buffer)
    case 'uint32':
      return new Uint32Array(buffer)
    case 'int32':
      return new Int32Array(buffer)
    case 'float16':
      return Float64Array.from(new Uint16Array(buffer), fromHalfPrecision)
    case 'float32':
      return new Float32Array(buffer)
    case 'float64':
      return new Float64Array(buffer)
    case 'uint64':
    case 'int64':
      throw new TypeError('64-bit integers are decoded by decodeIntegers')
    case 'bytes':
    case 'utf32':
      throw new TypeError('texts are not numbers')
    default:
      return type satisfies never
  }
}

function swap(items: Buffer, type: ItemType): void {
  if (type.endsWith('16')) items.swap16()
  else if (type === 'uint32' || type === 'int32' || type === 'float32') items.swap32()
  else if (type.endsWith('64')) items.swap64()
}
