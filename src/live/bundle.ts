/** One reader's way through many jobs: for each of them the same messages, in the same order, as on a stream of its own. */
import type { BundleSink } from './sink.js'
import { Turns } from './turns.js'
import type { Watch, WatchOptions } from './watch.js'

/** Jobs of a bundle that are read and sent at a time: what they have read waits in memory for the reader. */
const turnsAtOnce = 16

/** Where the reader is in a job. */
export interface Place {
  id: string
  after: number
}

/** The reader is gone, or this service stops. */
export type BundleEnd = 'gone' | 'closing'

export class Bundle {
  readonly #watches = new Map<string, Watch>()
  readonly #turns = new Turns(turnsAtOnce)
  /** Resolves when the bundle is closed, with why. */
  readonly closed: Promise<BundleEnd>
  #tellClosed: (why: BundleEnd) => void = () => {}
  #isClosed = false

  constructor(
    private readonly open: (jobId: string, after: number) => Watch,
    private readonly sink: BundleSink,
    private readonly options: Pick<WatchOptions, 'summary'>,
    private readonly onClose: () => void,
  ) {
    this.closed = new Promise((resolve) => {
      this.#tellClosed = resolve
    })
  }

  /** Jobs watched now. */
  get size(): number {
    return this.#watches.size
  }

  /** Steps of jobs that wait for their turn. */
  get waiting(): number {
    return this.#turns.waiting
  }

  /**
   * Resolves when each of them has ended, is gone, or is watched no more. A job that is watched already begins anew from
   * that place.
   */
  async watch(places: readonly Place[]): Promise<void> {
    await Promise.all(places.map((place) => this.#follow(place)))
  }

  unwatch(id: string): void {
    const watch = this.#watches.get(id)
    this.#watches.delete(id)
    watch?.close()
  }

  close(why: BundleEnd = 'gone'): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const id of [...this.#watches.keys()]) this.unwatch(id)
    this.onClose()
    this.#tellClosed(why)
  }

  async #follow({ id, after }: Place): Promise<void> {
    if (this.#isClosed) return
    this.unwatch(id)
    const watch = this.open(id, after)
    this.#watches.set(id, watch)
    try {
      const end = await watch.follow(this.sink, this.options, this.#turns)
      if (end === 'deleted') await this.sink.sendMissing(id)
    } finally {
      if (this.#watches.get(id) === watch) this.#watches.delete(id)
    }
  }
}
