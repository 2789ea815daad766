/**
 * What the watchers of one job share: news of it, and the reads that follow.
 * However many sockets watch a job, each state of it is read from the database once.
 */
import type { Job } from '../contract/job.js'
import type { PackedEpochs } from '../contract/packed-epochs.js'
import type { BoundaryReader, BoundaryView } from '../training/ports/boundaries.js'
import type { JobProgress } from '../training/ports/jobs.js'
import type { Source } from './source.js'
import type { Hint, WatchedJob } from './watch-store.js'

interface Reading {
  version: number
  after: number
  found: Promise<WatchedJob | null>
}

/** Who waits for news. */
export interface Waiter {
  wake(): void
}

export class Feed {
  /** Counts the news; a watcher that has seen this number has nothing to read. */
  version = 0
  /** What the newest news said. */
  status: JobProgress['status'] | undefined
  /** The newest epoch that a hint told of, and when it was committed. */
  private news: Pick<Hint, 'epoch' | 'committedAt'> | undefined
  readonly watchers = new Set<Waiter>()
  /** What the last read found. */
  private known: Pick<JobProgress, 'status' | 'epoch'> | undefined
  private reading: Reading | undefined
  private readonly boundaryReads = new Map<string, ReturnType<BoundaryReader['readAfter']>>()

  constructor(
    readonly jobId: string,
    private readonly source: Source,
    private readonly boundaries: BoundaryReader,
    /** Told the seconds from an epoch's commit to its writing to a watcher. */
    private readonly onLag: (seconds: number) => void,
  ) {}

  /** Tells the feed what the job is said to be now; wakes the watchers unless that was read already. */
  report({ status, epoch, committedAt }: Pick<JobProgress, 'status' | 'epoch'> & Partial<Hint>): void {
    if (committedAt !== undefined && epoch > (this.news?.epoch ?? 0)) this.news = { epoch, committedAt }
    this.status = status
    if (this.known?.status !== status || this.known.epoch !== epoch) this.wake()
  }

  /** Makes every watcher read again, whether or not there is news. */
  wake(): void {
    this.version++
    for (const watcher of this.watchers) watcher.wake()
  }

  /**
   * The job, with epochs after that one if they come with it, and the version to wait behind. What another watcher has
   * read since the last news will do, unless it must be `fresh`.
   */
  async read(after: number, fresh = false): Promise<{ version: number; found: WatchedJob | null }> {
    const { version } = this
    const shared = this.reading
    if (!fresh && shared?.version === version) return { version, found: await shared.found }
    const reading = { version, after, found: this.source.job(this.jobId, after) }
    this.reading = reading
    try {
      const found = await reading.found
      // All that were woken together have asked by now.
      reading.found = Promise.resolve(found === null ? null : withoutEpochs(found))
      if (this.reading === reading) this.known = found?.job
      return { version, found }
    } catch (error) {
      // A failed read must not be handed to the next watcher.
      if (this.reading === reading) this.reading = undefined
      throw error
    }
  }

  epochs(after: number): Promise<PackedEpochs> {
    return this.source.epochs(this.jobId, after)
  }

  /** Epochs up to `last` were just sent to a watcher that had those up to `before`. */
  tellLag(before: number, last: number): void {
    const { news } = this
    if (news !== undefined && news.epoch > before && news.epoch <= last) this.onLag(lagOf(news))
  }

  /** All views of a job have the same axes. */
  async boundariesBehind(
    job: Job,
    after: number,
    view: BoundaryView,
  ): ReturnType<BoundaryReader['readAfter']> {
    const key = `${job.modelId} ${view.size} ${after}`
    let read = this.boundaryReads.get(key)
    if (read === undefined) {
      read = this.boundaries.readAfter(job, after, view).finally(() => this.boundaryReads.delete(key))
      this.boundaryReads.set(key, read)
    }
    return read
  }
}

/** Its epochs are read anew by whoever wants them. */
export function withoutEpochs(found: WatchedJob): WatchedJob {
  const none = { after: 0, numbers: null, metrics: new Float64Array(), seconds: new Float64Array() }
  return { ...found, epochs: none }
}

/** Never below zero, however the clocks of this process and the database differ. */
function lagOf({ committedAt }: Pick<Hint, 'committedAt'>): number {
  return Math.max(0, Date.now() - committedAt.getTime()) / 1_000
}
