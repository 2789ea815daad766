/**
 * Stored datasets in shared memory. Each is read from the database once for all jobs that split and encode it. Evicts
 * the least recently used when memory is short, and those that are not used for some time.
 */
import type { Dataset, GeneratedDataset, ImageFormat } from '../src/contract/dataset.js'
import { builtIn } from '../src/datasets/built-ins.js'
import type { Table } from '../src/datasets/table.js'
import type { AllDatasets } from '../src/training/ports/datasets.js'
import { removeUnused } from './unused-datasets.js'

export interface StoredTable {
  table: Table
  /** Null unless each row is a picture. */
  image: ImageFormat | null
}

type Source = Pick<AllDatasets, 'table'> & { get(id: string): Promise<Pick<Dataset, 'image'> | null> }

interface Entry {
  loading: Promise<StoredTable | null>
  /** 0 until the table is loaded. */
  bytes: number
  usedAt: number
}

export class StoredTables {
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>()

  constructor(
    private readonly datasets: Source,
    private readonly maximumBytes: number,
  ) {}

  /** The built-in or stored dataset; null if it was deleted. */
  async take(name: string | GeneratedDataset, id: string | null): Promise<StoredTable | null> {
    const table = builtIn(name)
    if (table !== undefined) return { table, image: null }
    if (id === null) return null
    const entry = this.#entries.get(id) ?? { loading: this.#load(id), bytes: 0, usedAt: 0 }
    entry.usedAt = performance.now()
    this.#entries.delete(id)
    this.#entries.set(id, entry)
    try {
      const loaded = await entry.loading
      entry.bytes = loaded === null ? 0 : countBytes(loaded.table)
      if (loaded === null) this.#entries.delete(id)
      this.#evict()
      return loaded
    } catch (error) {
      this.#entries.delete(id)
      throw error
    }
  }

  /** @param before by performance.now() */
  evictUnused(before: number): void {
    removeUnused(this.#entries, before, ({ bytes }) => bytes)
  }

  async #load(id: string): Promise<StoredTable | null> {
    const [dataset, table] = await Promise.all([this.datasets.get(id), this.datasets.table(id)])
    if (dataset === null || table === null) return null
    return { table: { ...table, chunks: table.chunks.map(shared) }, image: dataset.image }
  }

  #evict(): void {
    let bytes = [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, 0)
    for (const [id, entry] of this.#entries) {
      if (bytes <= this.maximumBytes) return
      if (entry.bytes === 0) continue
      this.#entries.delete(id)
      bytes -= entry.bytes
    }
  }
}

const countBytes = ({ chunks }: Table) => chunks.reduce((sum, chunk) => sum + chunk.length, 0)

function shared(chunk: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(chunk.length))
  copy.set(chunk)
  return copy
}
