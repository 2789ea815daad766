/**
 * Chunks of large values in an S3-compatible store. A row has the key of its chunk, and is committed after the object is
 * written, so the database stays the truth. A key ends with the SHA-256 of its object, which every reader compares.
 */
import { randomBytes } from 'node:crypto'
import { Problem } from '../contract/problems.js'
import {
  type ListedObjects,
  ObjectClient,
  ObjectStoreError,
  type ObserveObjectRequest,
} from './object-client.js'
import type { ObjectLocation } from './object-location.js'

/** Smaller chunks stay in their rows, because a request costs more than they do. */
export const minimumObjectBytes = 64 * 1024

/** Requests of one reader or writer at a time, and therefore the chunks that it holds. */
export const requestsAtOnce = 4

/** Under the prefix. Everything in them belongs to rows of the database. */
export const objectFolders = ['datasets', 'weights', 'checkpoints'] as const
export type ObjectFolder = `${(typeof objectFolders)[number]}/${string}`

export interface Chunk {
  index: number
  bytes: Uint8Array<ArrayBuffer>
}

/** A chunk and the contents of its row: its bytes, or the key of an object that has them. */
type PlacedChunk<Placed extends Chunk = Chunk> = { chunk: Placed } & (
  | { bytes: Uint8Array<ArrayBuffer>; object: null }
  | { bytes: null; object: string }
)

/** The contents of a row, as it was read. */
interface StoredBytes {
  bytes: Uint8Array | null
  object: string | null
}

export class ObjectStore {
  readonly #client: ObjectClient
  /** Called after each attempt of a request. */
  observe: ObserveObjectRequest = () => {}

  constructor(location: ObjectLocation) {
    this.#client = new ObjectClient(location, (...observed) => this.observe(...observed))
  }

  /** The address without keys, for messages. */
  get address(): string {
    return this.#client.address
  }

  /** Writes the bytes as a new object. @returns its key */
  async put(folder: ObjectFolder, { index, bytes }: Chunk): Promise<string> {
    const sha256 = await hashInThread(bytes)
    const key = `${folder}/${index}-${randomBytes(8).toString('hex')}-${sha256}`
    await this.#client.put(key, bytes, sha256)
    return key
  }

  /** Null if there is no such object. @throws Problem `integrity` if its bytes are not those that were written */
  async get(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = await this.#client.get(key)
    if (bytes === null || key.endsWith(await hashInThread(bytes))) return bytes
    throw new Problem(
      'integrity',
      `The object ${key} at ${this.address} does not match its hash. Restore it from a backup of the bucket.`,
    )
  }

  /** Does nothing if there is no such object. */
  delete(key: string): Promise<void> {
    return this.#client.delete(key)
  }

  list(folder: (typeof objectFolders)[number], after: string | null): Promise<ListedObjects> {
    return this.#client.list(`${folder}/`, after)
  }

  /** The service whose objects are here; null for none. */
  async owner(): Promise<string | null> {
    const bytes = await this.#client.get(ownerKey)
    return bytes === null ? null : Buffer.from(bytes).toString()
  }

  async setOwner(id: string): Promise<void> {
    const bytes = Uint8Array.from(Buffer.from(id))
    await this.#client.put(ownerKey, bytes, await hashInThread(bytes))
  }

  /** Uses each permission that the service needs. @throws ObjectStoreError, or Problem `integrity` */
  async probe(): Promise<void> {
    const bytes = Uint8Array.from(randomBytes(32))
    const sha256 = await hashInThread(bytes)
    const key = `probe/${sha256}`
    await this.#client.put(key, bytes, sha256)
    if ((await this.get(key)) === null) {
      throw new ObjectStoreError(`The object store at ${this.address} did not return what was just written.`)
    }
    await this.#client.delete(key)
    await this.#client.list('datasets/', null, 1)
  }
}

const ownerKey = 'owner'

/** The tables whose rows may name objects. */
export const chunkTables = ['DatasetChunk', 'WeightChunk', 'CheckpointChunk'] as const

/** In a thread of the cryptography of Node, because a chunk takes milliseconds. */
async function hashInThread(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')
}

/** What a reader gets whose rows name objects, in a process without a store. */
const notConfigured = (key: string) =>
  new ObjectStoreError(
    `The bytes are in the object ${key}, but OBJECT_STORE_URL is not set. Set it to the store that has them.`,
  )

/** The object of a row. Null if it is missing. @throws ObjectStoreError, or Problem `integrity` if it is damaged */
export async function findObject(
  objects: ObjectStore | null,
  key: string,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (objects === null) throw notConfigured(key)
  return objects.get(key)
}

export const missingObject = (objects: ObjectStore | null, key: string) =>
  new Problem(
    'integrity',
    `The object ${key} is missing at ${objects?.address}. Restore it from a backup of the bucket.`,
  )

/** The contents of rows, in order. @throws as `findObject`, and Problem `integrity` for a missing object */
export async function readAll(
  objects: ObjectStore | null,
  rows: readonly StoredBytes[],
): Promise<Uint8Array[]> {
  const contents = rows.map(({ bytes }) => bytes ?? new Uint8Array(0))
  const waiting = rows.flatMap(({ object }, index) => (object === null ? [] : [{ object, index }])).values()
  const reader = async () => {
    for (const { object, index } of waiting) {
      const bytes = await findObject(objects, object)
      if (bytes === null) throw missingObject(objects, object)
      contents[index] = bytes
    }
  }
  await Promise.all(Array.from({ length: requestsAtOnce }, reader))
  return contents
}

/**
 * Writes the objects of large chunks, a few at a time, and yields the contents of the rows in order. Without a store, each
 * chunk is yielded at once.
 * @param onWritten called with the key of each object
 */
export async function* place<Placed extends Chunk>(
  objects: ObjectStore | null,
  folder: ObjectFolder,
  chunks: Iterable<Placed> | AsyncIterable<Placed>,
  onWritten: (key: string) => void,
): AsyncGenerator<PlacedChunk<Placed>> {
  const writing: Promise<PlacedChunk<Placed>>[] = []
  const write = async (chunk: Placed): Promise<PlacedChunk<Placed>> => {
    const { bytes } = chunk
    if (objects === null || bytes.length < minimumObjectBytes) return { chunk, bytes, object: null }
    const object = await objects.put(folder, chunk)
    onWritten(object)
    return { chunk, bytes: null, object }
  }
  try {
    for await (const chunk of chunks) {
      const written = write(chunk)
      // An error is thrown when its turn comes.
      written.catch(() => {})
      writing.push(written)
      const first = writing.length < (objects === null ? 1 : requestsAtOnce) ? undefined : writing.shift()
      if (first !== undefined) yield await first
    }
    for (let first = writing.shift(); first !== undefined; first = writing.shift()) yield await first
  } finally {
    // The caller discards what was written, so nothing may be written later.
    await Promise.allSettled(writing)
  }
}
