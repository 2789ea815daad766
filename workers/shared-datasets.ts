/** Encoded datasets of a worker process, shared by its threads: encoded once, kept while there is room. */
import { Dataset } from '../src/engine/index.js'
import { collectSoon, worthwhileBytes } from '../src/threads/collect-garbage.js'
import type { SharedData } from './messages.js'

export type Taken =
  | { type: 'shared'; data: SharedData }
  /** The caller encodes; others who want the same wait for one of the two calls. */
  | { type: 'encode'; publish(data: SharedData): void; abandon(): void }
  /** Somebody else encodes the same now; the caller encodes for itself. */
  | { type: 'private' }

interface Entry {
  data: Promise<SharedData | null>
  /** Null until it is encoded. */
  encoded: SharedData | null
}

export class SharedDatasets {
  /** The one used longest ago first. */
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
          this.entries.delete(key)
          this.entries.set(key, entry)
        }
        return { type: 'shared', data }
      }
    }
  }

  /** A thread that uses the data keeps it; a training that died may have left its memory reserved there. */
  forget(key: string): void {
    this.entries.delete(key)
  }

  /**
   * Drops what was used longest ago, and rows in whose memory a large training was: encoding them again takes less than
   * keeping that memory. Trainings let the memory grow, so each that ends is an occasion.
   */
  evict(): void {
    for (const [key, { encoded }] of this.entries) {
      const spare = encoded === null ? 0 : Dataset.attach(encoded.handle).spareBytes
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

  private begin(key: string): Taken {
    let settle: (data: SharedData | null) => void = () => {}
    const entry: Entry = {
      encoded: null,
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

/** All the memory that the data keep alive: the rows, and the room that trainings on them needed. */
function countBytes({ encoded }: Entry): number {
  return encoded === null ? 0 : Dataset.attach(encoded.handle).memory.bytes
}
