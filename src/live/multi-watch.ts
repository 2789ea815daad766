/** A reader of many jobs: for each job the messages of a single stream, in the same order. */
import { Semaphore } from './semaphore.js'
import type { MultiSink } from './sink.js'
import type { Watch, WatchOptions } from './watch.js'

/** Jobs that are read and sent at a time. It bounds the epochs that wait in memory for the reader. */
const concurrentJobs = 16

export interface WatchPosition {
  id: string
  /** The last epoch that the reader has. */
  after: number
}

/** The reader disconnected, or this service stops. */
type MultiWatchEnd = 'gone' | 'closing'

export class MultiWatch {
  readonly #watches = new Map<string, Watch>()
  readonly #semaphore = new Semaphore(concurrentJobs)
  /** Resolves with the reason when the stream closes. */
  readonly closed: Promise<MultiWatchEnd>
  #resolveClosed: (end: MultiWatchEnd) => void = () => {}
  #isClosed = false

  constructor(
    private readonly open: (jobId: string, after: number) => Watch,
    private readonly sink: MultiSink,
    private readonly options: Pick<WatchOptions, 'summary'>,
    private readonly onClose: () => void,
  ) {
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  /** Number of watched jobs. */
  get size(): number {
    return this.#watches.size
  }

  /** Jobs that wait for one of the concurrent reads. */
  get waiting(): number {
    return this.#semaphore.waiting
  }

  /** Resolves when each job has ended, is deleted or is unwatched. A watched job restarts at its new position. */
  async watch(positions: readonly WatchPosition[]): Promise<void> {
    await Promise.all(positions.map((position) => this.#follow(position)))
  }

  unwatch(id: string): void {
    const watch = this.#watches.get(id)
    this.#watches.delete(id)
    watch?.close()
  }

  close(end: MultiWatchEnd = 'gone'): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const id of [...this.#watches.keys()]) this.unwatch(id)
    this.onClose()
    this.#resolveClosed(end)
  }

  async #follow({ id, after }: WatchPosition): Promise<void> {
    if (this.#isClosed) return
    this.unwatch(id)
    const watch = this.open(id, after)
    this.#watches.set(id, watch)
    try {
      const end = await watch.follow(this.sink, this.options, this.#semaphore)
      if (end === 'deleted') await this.sink.sendMissing(id)
    } finally {
      if (this.#watches.get(id) === watch) this.#watches.delete(id)
    }
  }
}
