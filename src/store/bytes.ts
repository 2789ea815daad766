/** Large values are stored in rows of a few MiB each, which bounds the size of a message to the database. */
import { createHash } from 'node:crypto'
import type { Bytes } from '../training/ports/bytes.js'
import {
  type Chunk,
  findObject,
  minimumObjectBytes,
  missingObject,
  type ObjectStore,
} from './object-store.js'

/** The size of a row of a large value. */
export const chunkBytes = 2 * 1024 * 1024

/**
 * Larger values are written as a draft, chunk by chunk. Those with objects always are, so that no transaction waits for the
 * object store.
 */
export const maximumDirectBytes = (objects: ObjectStore | null) =>
  objects === null ? 4 * 1024 * 1024 : minimumObjectBytes - 1

const toPieces = (bytes: Bytes): readonly Uint8Array[] => (bytes instanceof Uint8Array ? [bytes] : bytes)

export const totalLength = (bytes: Bytes) => toPieces(bytes).reduce((sum, { length }) => sum + length, 0)

/** Copies of `length` bytes each, the last one shorter. Each is made when it is iterated. */
export function* cut(bytes: Bytes, length = chunkBytes): Generator<Chunk> {
  let rest = totalLength(bytes)
  let chunk = new Uint8Array(Math.min(length, rest))
  let filled = 0
  let index = 0
  for (const piece of toPieces(bytes)) {
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

/** Bytes that one statement reads of a chunk. Few, because the driver decodes them on the event loop. */
const pieceBytes = 256 * 1024

/** A piece of a chunk, and whether the chunk has more bytes after it. Or the key of the object that has the chunk. */
export const pieceColumns = { bytes: 'bytea?', hasMore: 'bool?', object: 'text?' } as const

interface Piece {
  bytes: Uint8Array | null
  hasMore: boolean | null
  object: string | null
}

/**
 * SQL of `pieceColumns`: at most `pieceBytes` of a column, after `offset` bytes. All parameters are expressions
 * of SQL.
 */
export const pieceOfColumn = (column: string, offset: string, object = 'object') =>
  `substring(${column} FROM ${offset}::int + 1 FOR ${pieceBytes}) AS bytes,
    octet_length(${column}) > ${offset}::int + ${pieceBytes} AS "hasMore", ${object} AS object`

/**
 * The bytes of all chunks, by ascending index, until `read` finds none. `read` returns a piece of a chunk, after `offset`
 * bytes. An object is read as a whole, because its hash is that of all its bytes.
 * @param offset in the first chunk
 * @throws ObjectStoreError, or Problem `integrity` if an object is missing or damaged
 */
export async function* readChunks(
  objects: ObjectStore | null,
  read: (index: number, offset: number) => Promise<Piece | undefined>,
  offset = 0,
): AsyncGenerator<Uint8Array> {
  for (let index = 0, skipped = offset; ; ) {
    const piece = await read(index, skipped)
    if (piece === undefined) return
    if (piece.object !== null) {
      const chunk = await findObject(objects, piece.object)
      if (chunk === null) {
        // The value may have been deleted meanwhile.
        if ((await read(index, 0)) === undefined) return
        throw missingObject(objects, piece.object)
      }
      for (; skipped < chunk.length; skipped += pieceBytes)
        yield chunk.subarray(skipped, skipped + pieceBytes)
    } else {
      const { length } = piece.bytes ?? []
      if (piece.bytes !== null && length > 0) yield piece.bytes
      if (piece.hasMore) {
        skipped += length
        continue
      }
    }
    index += 1
    skipped = 0
  }
}

/** Concatenates small values. */
export function joinPieces(bytes: Bytes): Uint8Array<ArrayBuffer> {
  const [chunk] = cut(bytes, totalLength(bytes))
  return chunk?.bytes ?? new Uint8Array(0)
}

/** Concatenates chunks in the order given. */
export function join(chunks: { bytes: Uint8Array }[]): Uint8Array<ArrayBuffer> {
  return joinPieces(chunks.map(({ bytes }) => bytes))
}

export const toBuffer = ({ buffer, byteOffset, byteLength }: Float64Array | Uint8Array) =>
  Buffer.from(buffer, byteOffset, byteLength)

/** SHA-256 of the text and the bytes, in hexadecimal. */
export function hashSha256(bytes: Bytes, text = ''): string {
  const hash = createHash('sha256').update(text)
  for (const piece of toPieces(bytes)) hash.update(piece)
  return hash.digest('hex')
}
