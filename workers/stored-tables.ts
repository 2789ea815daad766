/**
 * Stored datasets in memory that all threads of a worker share. Each is read from the database once, for all jobs that
 * split and encode it, and evicted when memory is short.
 */
import type { Dataset, GeneratedDataset, ImageFormat } from '../src/contract/dataset.js'
import { builtIn } from '../src/datasets/built-ins.js'
import type { Table } from '../src/datasets/table.js'
import type { AllDatasets } from '../src/training/ports/datasets.js'

export interface StoredTable {
  table: Table
  /** When the features of a row are the pixels of one picture. */
  image: ImageFormat | null
}

type Source = Pick<AllDatasets, 'table'> & { get(id: string): Promise<Pick<Dataset, 'image'> | null> }

interface Entry {
  loading: Promise<StoredTable | null>
  /** 0 until it is loaded. */
  bytes: number
}

export class StoredTables {
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>()

  constructor(
    private readonly datasets: Source,
    private readonly maximumBytes: number,
  ) {}

  /** A built-in, or the dataset of that id; null when there is none any more. */
  async take(name: string | GeneratedDataset, id: string | null): Promise<StoredTable | null> {
    const table = builtIn(name)
    if (table !== undefined) return { table, image: null }
    if (id === null) return null
    const entry = this.#entries.get(id) ?? { loading: this.#load(id), bytes: 0 }
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
