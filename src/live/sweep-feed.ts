/** What the watchers of a sweep share: its state and its summary are read once for all of them. */
import type { JobStatus } from '../contract/job-status.js'
import type { Sweep, Trial } from '../contract/sweep.js'
import type { Wakeable } from './feed.js'
import type { SweepState, SweepWatchStore } from './sweep-watch-store.js'

/** Between reads of the summary, at least; also as many times as long as the read took. */
const summaryMilliseconds = 1_000
const summaryShare = 20

export interface WatchedTrial {
  feed: SweepFeed
  status: JobStatus
}

export class SweepFeed {
  /** Number of changes. A watcher that has read this version is up to date. */
  version = 0
  readonly watchers = new Set<Wakeable>()
  #jobs: readonly string[] = []
  #final: Promise<Sweep | null> | undefined
  #reading: { version: number; state: Promise<SweepState | null> } | undefined
  #summary: { read: Promise<Sweep | null>; until: number } | undefined

  constructor(
    readonly sweepId: string,
    private readonly store: SweepWatchStore,
    /** Of all feeds: the status of each unfinished trial, by job. */
    private readonly trialsOfFeeds: Map<string, WatchedTrial>,
  ) {}

  wake(): void {
    this.version++
    for (const watcher of this.watchers) watcher.wake()
  }

  /** Shares a read of the same version. */
  async read(): Promise<{ version: number; state: SweepState | null }> {
    const { version } = this
    if (this.#reading?.version !== version) this.#reading = { version, state: this.#read() }
    const reading = this.#reading
    try {
      return { version, state: await reading.state }
    } catch (error) {
      // The next watcher must not share a failed read.
      if (this.#reading === reading) this.#reading = undefined
      throw error
    }
  }

  async #read(): Promise<SweepState | null> {
    const state = await this.store.state(this.sweepId)
    this.close()
    if (this.watchers.size === 0 || state === null) return state
    for (const { jobId, status } of state.unfinished) this.trialsOfFeeds.set(jobId, { feed: this, status })
    this.#jobs = state.unfinished.map(({ jobId }) => jobId)
    return state
  }

  /** Forgets the trials. */
  close(): void {
    for (const jobId of this.#jobs) {
      if (this.trialsOfFeeds.get(jobId)?.feed === this) this.trialsOfFeeds.delete(jobId)
    }
    this.#jobs = []
  }

  trials(numbers: readonly number[]): Promise<Trial[]> {
    return this.store.numberedTrials(this.sweepId, numbers)
  }

  /** When the summary may be read again, by Date.now(). */
  get summaryAt(): number {
    return this.#summary?.until ?? 0
  }

  /** Of a sweep that has ended, which does not change. */
  final(): Promise<Sweep | null> {
    this.#final ??= this.store.sweep(this.sweepId)
    return this.#final
  }

  /** May be as old as the time between reads. */
  summary(): Promise<Sweep | null> {
    if (this.#summary === undefined || Date.now() >= this.#summary.until) {
      this.#summary = { read: this.#readSummary(), until: Number.POSITIVE_INFINITY }
    }
    return this.#summary.read
  }

  async #readSummary(): Promise<Sweep | null> {
    const begin = Date.now()
    try {
      return await this.store.sweep(this.sweepId)
    } finally {
      const wait = Math.max(summaryMilliseconds, summaryShare * (Date.now() - begin))
      if (this.#summary !== undefined) this.#summary.until = Date.now() + wait
    }
  }
}
