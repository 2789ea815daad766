/** Large values are stored in rows of a few MiB each, so that no single message to the database grows without bound. */
import { createHash } from 'node:crypto'
import type { Bytes } from '../training/ports/bytes.js'

/** Of each row, from which on a value has several. */
export const chunkBytes = 2 * 1024 * 1024

/** What is longer is written as a draft, chunk by chunk. */
export const largestWhole = 4 * 1024 * 1024

export interface Chunk {
  index: number
  bytes: Uint8Array<ArrayBuffer>
}

const piecesOf = (bytes: Bytes): readonly Uint8Array[] => (bytes instanceof Uint8Array ? [bytes] : bytes)

export const lengthOf = (bytes: Bytes) => piecesOf(bytes).reduce((sum, { length }) => sum + length, 0)

/** Copies of `length` bytes each, the last one shorter; made as they are asked for. */
export function* cut(bytes: Bytes, length = chunkBytes): Generator<Chunk> {
  let rest = lengthOf(bytes)
  let chunk = new Uint8Array(Math.min(length, rest))
  let filled = 0
  let index = 0
  for (const piece of piecesOf(bytes)) {
    for (let start = 0; start < piece.length; ) {
      const part = piece.subarray(start, start + chunk.length - filled)
      chunk.set(part, filled)
      filled += part.length
      start += part.length
      if (filled < chunk.length) continue
      yield { index, bytes: chunk }
      index += 1
      rest -= filled
      chunk = new Uint8Array(Math.min(length, rest))
      filled = 0
    }
  }
}

/**
 * Bytes that one statement reads of a chunk. The driver decodes hexadecimal text, which takes 2 ms of the event loop for
 * each MiB.
 */
export const pieceBytes = 256 * 1024

/** SQL of at most `pieceBytes` of a column, after `offset` bytes. Both are expressions of SQL. */
export const pieceOf = (column: string, offset: string) =>
  `substring(${column} FROM ${offset}::int + 1 FOR ${pieceBytes})`

/**
 * The bytes of all chunks, by ascending index, until `read` finds none. `read` returns at most `pieceBytes` of a chunk,
 * after `offset` bytes.
 * @param offset in the first chunk
 */
export async function* readChunks(
  read: (index: number, offset: number) => Promise<{ bytes: Uint8Array } | undefined>,
  offset = 0,
): AsyncGenerator<Uint8Array> {
  for (let index = 0, skipped = offset; ; ) {
    const piece = await read(index, skipped)
    if (piece === undefined) return
    const { length } = piece.bytes
    if (length > 0) yield piece.bytes
    skipped += length
    if (length === pieceBytes) continue
    index += 1
    skipped = 0
  }
}

/** In one piece; small values only. */
export function whole(bytes: Bytes): Uint8Array<ArrayBuffer> {
  const [chunk] = cut(bytes, lengthOf(bytes))
  return chunk?.bytes ?? new Uint8Array(0)
}

/** Chunks must come in the order of their index. */
export function join(chunks: { bytes: Uint8Array }[]): Uint8Array<ArrayBuffer> {
  return whole(chunks.map(({ bytes }) => bytes))
}

export const bufferOf = ({ buffer, byteOffset, byteLength }: Float64Array | Uint8Array) =>
  Buffer.from(buffer, byteOffset, byteLength)

/** SHA-256 of the text, if there is one, and the bytes, in hexadecimal. */
export function sha256Of(bytes: Bytes, text = ''): string {
  const hash = createHash('sha256').update(text)
  for (const piece of piecesOf(bytes)) hash.update(piece)
  return hash.digest('hex')
}
