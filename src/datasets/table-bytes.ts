/** A table's numbers as bytes for storage: float64, little endian, row-major, in chunks. */
import { endianness } from 'node:os'
import type { Column } from '../contract/dataset.js'
import type { Table } from './table.js'

export const maximumChunkBytes = 4 * 1024 * 1024

const bytesPerNumber = Float64Array.BYTES_PER_ELEMENT
const swapped = endianness() === 'BE'

/** The table's numbers in chunks of at most 4 MiB, whole numbers each; views of the table where the machine allows. */
export function* tableChunks({ values }: Table): Generator<Uint8Array> {
  for (let start = 0; start < values.byteLength; start += maximumChunkBytes) {
    const length = Math.min(maximumChunkBytes, values.byteLength - start)
    const view = new Uint8Array(values.buffer, values.byteOffset + start, length)
    yield swapped ? Buffer.from(view).swap64() : view
  }
}

/**
 * The table that `tableChunks` took apart; chunks come in their order and may be cut anywhere.
 * @throws RangeError when the bytes are more or fewer than columns × rows need
 */
export async function tableFromChunks(
  columns: Column[],
  rows: number,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Table> {
  const bytes = Buffer.from(new ArrayBuffer(rows * columns.length * bytesPerNumber))
  let filled = 0
  for await (const chunk of chunks) {
    if (filled + chunk.length > bytes.length) throw sizeError(bytes.length, filled + chunk.length)
    bytes.set(chunk, filled)
    filled += chunk.length
  }
  if (filled !== bytes.length) throw sizeError(bytes.length, filled)
  if (swapped) bytes.swap64()
  return { columns, rows, values: new Float64Array(bytes.buffer, bytes.byteOffset, rows * columns.length) }
}

function sizeError(expected: number, came: number): RangeError {
  return new RangeError(`a stored table has ${expected} bytes, but ${came} came`)
}
