/**
 * Encoded datasets that the threads of a worker share. Each is encoded once, and evicted when memory is short or it is
 * not used for some time.
 */
import { Dataset } from '../src/engine/index.js'
import { collectSoon, worthwhileBytes } from '../src/threads/collect-garbage.js'
import type { SharedData } from './messages.js'
import { removeUnused } from './unused-datasets.js'

export type Taken =
  | { type: 'shared'; data: SharedData }
  /** The caller must encode, and then call `publish` or `abandon`. Others wait for it. */
  | { type: 'encode'; publish(data: SharedData): void; abandon(): void }
  /** Another thread encodes the same rows. The caller encodes its own copy. */
  | { type: 'private' }

interface Entry {
  data: Promise<SharedData | null>
  /** Null until the rows are encoded. */
  encoded: SharedData | null
  usedAt: number
}

export class SharedDatasets {
  /** Least recently used first. */
  private readonly entries = new Map<string, Entry>()

  constructor(private readonly maximumBytes: number) {}

  /** @param waits whether to wait for a thread that encodes the same rows */
  async take(key: string, waits: boolean): Promise<Taken> {
    for (;;) {
      const entry = this.entries.get(key)
      if (entry === undefined) return this.begin(key)
      if (!waits && entry.encoded === null) return { type: 'private' }
      const data = await entry.data
      if (data !== null) {
        if (this.entries.get(key) === entry) {
          entry.usedAt = performance.now()
          this.entries.delete(key)
          this.entries.set(key, entry)
        }
        return { type: 'shared', data }
      }
    }
  }

  /** Whether the next training finds the rows encoded, unless other datasets evict them before. */
  keeps(key: string): boolean {
    const encoded = this.entries.get(key)?.encoded ?? null
    return encoded !== null && countSpare(encoded) < worthwhileBytes
  }

  /**
   * Removes the entry, for example because a dead thread may have left reserved memory. Threads keep the data that they
   * use.
   */
  forget(key: string): void {
    this.entries.delete(key)
  }

  /**
   * Evicts the least recently used datasets, and those whose memory a large training has grown: encoding them again
   * costs less than that memory. Call it after each training.
   */
  evict(): void {
    for (const [key, { encoded }] of this.entries) {
      const spare = encoded === null ? 0 : countSpare(encoded)
      if (spare < worthwhileBytes) continue
      this.entries.delete(key)
      collectSoon(spare)
    }
    let bytes = [...this.entries.values()].reduce((sum, entry) => sum + countBytes(entry), 0)
    for (const [key, entry] of this.entries) {
      if (bytes <= this.maximumBytes) return
      if (entry.encoded === null) continue
      this.entries.delete(key)
      bytes -= countBytes(entry)
    }
  }

  /** @param before by performance.now() */
  evictUnused(before: number): void {
    removeUnused(this.entries, before, countBytes)
  }

  private begin(key: string): Taken {
    let settle: (data: SharedData | null) => void = () => {}
    const entry: Entry = {
      encoded: null,
      usedAt: performance.now(),
      data: new Promise((resolve) => {
        settle = resolve
      }),
    }
    this.entries.set(key, entry)
    return {
      type: 'encode',
      publish: (data) => {
        entry.encoded = data
        settle(data)
        this.evict()
      },
      abandon: () => {
        if (entry.encoded !== null) return
        if (this.entries.get(key) === entry) this.entries.delete(key)
        settle(null)
      },
    }
  }
}

/** Bytes that trainings on the rows have added. */
const countSpare = ({ handle }: SharedData): number => Dataset.attach(handle).spareBytes

/** Bytes of the memory: the rows, and what trainings on them have added. */
function countBytes({ encoded }: Entry): number {
  return encoded === null ? 0 : Dataset.attach(encoded.handle).memory.bytes
}
