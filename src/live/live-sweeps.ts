/** The open streams of sweeps of this process, and their feeds. */

import type { JobStatus } from '../contract/job-status.js'
import { openOrClose } from './open-or-close.js'
import { SweepFeed, type WatchedTrial } from './sweep-feed.js'
import { SweepWatch } from './sweep-watch.js'
import type { SweepWatchStore } from './sweep-watch-store.js'

/** The interval at which watchers read the sweep again, because hints may be lost, and new trials have none. */
const pollMilliseconds = 1_000

export class LiveSweeps {
  readonly #feeds = new Map<string, SweepFeed>()
  readonly #trials = new Map<string, WatchedTrial>()
  readonly #watches = new Set<SweepWatch>()
  readonly #poll: NodeJS.Timeout
  #isClosing = false

  constructor(private readonly store: SweepWatchStore) {
    this.#poll = setInterval(() => this.refresh(), pollMilliseconds)
  }

  /** Number of open streams. */
  get watchers(): number {
    return this.#watches.size
  }

  /** Wakes the watchers of the sweep of a trial. */
  report({ jobId, status }: { jobId: string; status: JobStatus }): void {
    const trial = this.#trials.get(jobId)
    if (trial !== undefined && trial.status !== status) trial.feed.wake()
  }

  refresh(): void {
    for (const feed of this.#feeds.values()) feed.wake()
  }

  /** A stream of a sweep; null when the tenant has no such sweep. The caller must follow or close it. */
  async open(tenantId: string, sweepId: string, after: number): Promise<SweepWatch | null> {
    const feed = this.#feeds.get(sweepId) ?? new SweepFeed(sweepId, this.store, this.#trials)
    this.#feeds.set(sweepId, feed)
    const watch = new SweepWatch(feed, tenantId, after, () => {
      this.#watches.delete(watch)
      if (feed.watchers.size > 0) return
      feed.close()
      if (this.#feeds.get(sweepId) === feed) this.#feeds.delete(sweepId)
    })
    this.#watches.add(watch)
    if (this.#isClosing) watch.close('closing')
    return openOrClose(watch)
  }

  close(): void {
    clearInterval(this.#poll)
    this.#isClosing = true
    for (const watch of [...this.#watches]) watch.close('closing')
  }
}
