/** The shared state of all watchers of a job. Each state of the job is read once, for any number of watchers. */
import type { Job } from '../contract/job.js'
import type { PackedEpochs } from '../contract/packed-epochs.js'
import type { BoundaryReader, BoundaryView } from '../training/ports/boundaries.js'
import type { JobProgress } from '../training/ports/jobs.js'
import type { SharedReads } from './shared-reads.js'
import type { Hint, WatchedJob } from './watch-store.js'

interface Reading {
  version: number
  after: number
  found: Promise<WatchedJob | null>
}

export interface Wakeable {
  wake(): void
}

export interface JobWatcher extends Wakeable {
  /** Whether it reports the place of a queued job. */
  readonly followsQueue: boolean
}

export class Feed {
  /** Number of changes. A watcher that has read this version is up to date. */
  version = 0
  /** The status in the most recent hint. */
  status: JobProgress['status'] | undefined
  /** The hint with the highest epoch. */
  private lastHint: Pick<Hint, 'epoch' | 'committedAt'> | undefined
  readonly watchers = new Set<JobWatcher>()
  /** The result of the last read. */
  private latest: Pick<JobProgress, 'status' | 'epoch'> | undefined
  private reading: Reading | undefined
  private readonly boundaryReads = new Map<string, ReturnType<BoundaryReader['readAfter']>>()

  constructor(
    readonly jobId: string,
    private readonly reads: SharedReads,
    private readonly boundaries: BoundaryReader,
    /** Called with the seconds from the commit of an epoch until a watcher is sent it. */
    private readonly onLag: (seconds: number) => void,
  ) {}

  /** Records a hint, and wakes the watchers unless they have read that state. */
  report({ status, epoch, committedAt }: Pick<JobProgress, 'status' | 'epoch'> & Partial<Hint>): void {
    if (committedAt !== undefined && epoch > (this.lastHint?.epoch ?? 0)) {
      this.lastHint = { epoch, committedAt }
    }
    this.status = status
    if (this.latest?.status !== status || this.latest.epoch !== epoch) this.wake()
  }

  /** Makes the watchers of a queued job read again, because no hint reports its place in the queue. */
  pollQueue(): void {
    if (this.latest?.status !== 'queued') return
    if ([...this.watchers].some(({ followsQueue }) => followsQueue)) this.wake()
  }

  /** Makes every watcher read again. */
  wake(): void {
    this.version++
    for (const watcher of this.watchers) watcher.wake()
  }

  /**
   * Reads the job, with epochs after `after` if they come with it. Shares a read of the same version unless `fresh`.
   * @param tenantId of the watcher, for the turns of reads
   * @returns the job, and the version whose successor the watcher waits for
   */
  async read(
    tenantId: string,
    after: number,
    fresh = false,
  ): Promise<{ version: number; found: WatchedJob | null }> {
    const { version } = this
    const shared = this.reading
    if (!fresh && shared?.version === version) return { version, found: await shared.found }
    const reading = { version, after, found: this.reads.job(tenantId, this.jobId, after) }
    this.reading = reading
    try {
      const found = await reading.found
      // All watchers woken with this one have called read() by now.
      reading.found = Promise.resolve(found === null ? null : withoutEpochs(found))
      if (this.reading === reading) this.latest = found?.job
      return { version, found }
    } catch (error) {
      // The next watcher must not share a failed read.
      if (this.reading === reading) this.reading = undefined
      throw error
    }
  }

  epochs(tenantId: string, after: number): Promise<PackedEpochs> {
    return this.reads.epochs(tenantId, this.jobId, after)
  }

  /** Measures the lag when a watcher at epoch `before` was sent the epochs until `last`. */
  reportLag(before: number, last: number): void {
    const hint = this.lastHint
    if (hint !== undefined && hint.epoch > before && hint.epoch <= last) this.onLag(secondsSince(hint))
  }

  /** Boundary frames after epoch `after`. All views of a job have the same axes. */
  async boundariesAfter(
    job: Job,
    after: number,
    view: BoundaryView,
  ): ReturnType<BoundaryReader['readAfter']> {
    const key = `${job.modelId} ${view.grid.size} ${view.hasWeights} ${after}`
    let read = this.boundaryReads.get(key)
    if (read === undefined) {
      read = this.boundaries.readAfter(job, after, view).finally(() => this.boundaryReads.delete(key))
      this.boundaryReads.set(key, read)
    }
    return read
  }
}

/** Frees the epochs; a reader reads them again. */
export function withoutEpochs(found: WatchedJob): WatchedJob {
  const none = { after: 0, numbers: null, metrics: new Float64Array(), seconds: new Float64Array() }
  return { ...found, epochs: none }
}

/** At least zero, because the clocks of this process and the database may differ. */
function secondsSince({ committedAt }: Pick<Hint, 'committedAt'>): number {
  return Math.max(0, Date.now() - committedAt.getTime()) / 1_000
}
