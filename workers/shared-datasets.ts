/** Encoded datasets of a worker process, shared by its threads: encoded once, kept while there is room. */
import type { SharedData } from './messages.js'

type Taken =
  | { type: 'shared'; data: SharedData }
  /** The caller encodes; others who want the same wait for one of the two calls. */
  | { type: 'encode'; publish(data: SharedData): void; abandon(): void }

interface Entry {
  data: Promise<SharedData | null>
  bytes: number
}

export class SharedDatasets {
  /** The one used longest ago first. */
  private readonly entries = new Map<string, Entry>()

  constructor(private readonly maximumBytes: number) {}

  async take(key: string): Promise<Taken> {
    for (;;) {
      const entry = this.entries.get(key)
      if (entry === undefined) return this.begin(key)
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

  /** Whoever holds the data keeps it; a training that died may have left its memory reserved there. */
  forget(key: string): void {
    this.entries.delete(key)
  }

  private begin(key: string): Taken {
    let settle: (data: SharedData | null) => void = () => {}
    const entry: Entry = {
      bytes: 0,
      data: new Promise((resolve) => {
        settle = resolve
      }),
    }
    this.entries.set(key, entry)
    return {
      type: 'encode',
      publish: (data) => {
        entry.bytes = bytesOf(data)
        settle(data)
        this.makeRoom()
      },
      abandon: () => {
        if (entry.bytes > 0) return
        if (this.entries.get(key) === entry) this.entries.delete(key)
        settle(null)
      },
    }
  }

  private makeRoom(): void {
    let bytes = [...this.entries.values()].reduce((sum, entry) => sum + entry.bytes, 0)
    for (const [key, entry] of this.entries) {
      if (bytes <= this.maximumBytes) return
      this.entries.delete(key)
      bytes -= entry.bytes
    }
  }
}

function bytesOf({ handle: { size } }: SharedData): number {
  return 4 * (size.trainingRows + size.validationRows) * (size.features + size.targetWidth)
}
