/**
 * One reader's way through one job: the job, its epochs in order, its end. Hints only wake it; what it sends comes from
 * the database, after the position it has reached, so nothing is missing and nothing comes twice.
 */
import { isFinished, type Job, type JobStatus } from '../contract/job.js'
import { lastEpoch, type PackedEpochs } from '../contract/packed-epochs.js'
import type { BoundaryView } from '../training/ports/boundaries.js'
import { Bell } from './bell.js'
import { type Feed, type Waiter, withoutEpochs } from './feed.js'
import type { Sink } from './sink.js'
import { Turns } from './turns.js'
import type { WatchedJob } from './watch-store.js'

/** The job ended, does not exist (any more), the reader is gone, or this service stops. */
export type WatchEnd = 'ended' | 'deleted' | 'gone' | 'closing'

/** What is sent of a job: every epoch, boundaries on request; or a summary, the job as it is now and then. */
export interface WatchOptions {
  view?: BoundaryView | undefined
  summary?: boolean | undefined
}

/** Between two summaries while the status stays. */
const summaryMilliseconds = 1_000

type Step = 'more' | 'waiting' | 'ended' | 'deleted'

interface Reading {
  version: number
  found: WatchedJob
}

export class Watch implements Waiter {
  private reading: Reading | undefined
  private version = 0
  private position: number
  /** The network as it was initialized is a frame, too. */
  private painted: number
  private shown: { status: JobStatus; epochs: number; epoch: number; at: number } | undefined
  private isCaughtUp = false
  private stopped: 'gone' | 'closing' | undefined
  private readonly bell = new Bell()

  constructor(
    private readonly feed: Feed,
    private readonly tenantId: string,
    after: number,
    private readonly onClose: () => void,
  ) {
    this.position = after
    this.painted = after === 0 ? -1 : after
    feed.watchers.add(this)
  }

  /** Reads what comes first; false when the tenant has no such job. */
  async open(): Promise<boolean> {
    this.reading = (await this.read(true)) ?? undefined
    return this.reading !== undefined
  }

  /** Sends everything, in so many turns; resolves with why it stopped. */
  async follow(sink: Sink, options: WatchOptions = {}, turns = new Turns(1)): Promise<WatchEnd> {
    try {
      while (this.stopped === undefined) {
        const step = await turns.take(() => this.step(sink, options))
        if (step === 'ended' || step === 'deleted') return step
        if (step === 'waiting') await this.news(options)
      }
      return this.stopped
    } finally {
      this.close()
    }
  }

  wake(): void {
    this.bell.ring()
  }

  close(why: 'gone' | 'closing' = 'gone'): void {
    if (this.stopped !== undefined) return
    this.stopped = why
    this.feed.watchers.delete(this)
    this.bell.ring()
    this.onClose()
  }

  private async step(sink: Sink, { view, summary = false }: WatchOptions): Promise<Step> {
    const reading = this.reading ?? (await this.read(this.shown === undefined))
    if (reading === null) return 'deleted'
    if (this.stopped !== undefined) return 'waiting'
    const { job } = reading.found
    this.version = reading.version
    if (this.shown === undefined) await this.show(sink, job)
    if (summary) this.position = job.epoch
    const step = this.position < job.epoch ? await this.sendEpochs(sink, reading) : 'all'
    if (step !== 'all') return step
    this.reading = undefined
    if (view !== undefined && (await this.sendBoundaries(sink, job, view))) return 'more'
    if (this.isNews(job, summary)) await this.show(sink, job)
    this.isCaughtUp = true
    if (!isFinished(job.status)) return 'waiting'
    await sink.send({ type: 'end', job })
    return 'ended'
  }

  /** What others have read will do, unless it must be `fresh`. */
  private async read(fresh: boolean): Promise<Reading | null> {
    const { version, found } = await this.feed.read(this.position, fresh)
    return found?.tenantId === this.tenantId ? { version, found } : null
  }

  private async show(sink: Sink, job: Job): Promise<void> {
    const { status, epochs, epoch } = job
    this.shown = { status, epochs, epoch, at: Date.now() }
    await sink.send({ type: 'job', job })
  }

  private isNews({ status, epochs, epoch }: Job, summary: boolean): boolean {
    const { shown } = this
    return shown?.status !== status || shown.epochs !== epochs || (summary && shown.epoch !== epoch)
  }

  /** Sends the next epochs; `all` when these were all that the job is known to have. */
  private async sendEpochs(sink: Sink, reading: Reading): Promise<Step | 'all'> {
    const { job, epochs: read } = reading.found
    const epochs = this.startsHere(read) ? read : await this.feed.epochs(this.position)
    if (!this.startsHere(epochs)) {
      // They are stored with the epoch of the job, so it was deleted meanwhile: one statement reads both.
      this.reading = (await this.read(true)) ?? undefined
      if (this.reading === undefined) return 'deleted'
      return this.startsHere(this.reading.found.epochs) ? 'more' : 'all'
    }
    // While others have their turn, only the job is held in memory.
    this.reading = { ...reading, found: withoutEpochs(reading.found) }
    await sink.send({ type: 'epochs', jobId: job.id, epochs })
    // What was there before the watcher came tells nothing about how fast news travels.
    if (this.isCaughtUp) this.feed.tellLag(this.position, lastEpoch(epochs))
    this.position = lastEpoch(epochs)
    return this.position < job.epoch ? 'more' : 'all'
  }

  private startsHere({ after, seconds }: PackedEpochs): boolean {
    return seconds.length > 0 && after === this.position
  }

  /** Whether there may be more. */
  private async sendBoundaries(sink: Sink, job: Job, view: BoundaryView): Promise<boolean> {
    const { frames, position } = await this.feed.boundariesBehind(job, this.painted, view)
    for (const frame of frames) {
      if (sink.isReady()) await sink.send({ type: 'boundary', jobId: job.id, frame })
    }
    const hasMore = position > this.painted
    this.painted = position
    return hasMore
  }

  /** Resolves when there is something to read, or when the watch is closed. */
  private async news({ summary = false }: WatchOptions): Promise<void> {
    if (this.feed.version === this.version && this.stopped === undefined) await this.bell.heard()
    while (summary && this.stopped === undefined && this.feed.status === this.shown?.status) {
      const left = (this.shown?.at ?? 0) + summaryMilliseconds - Date.now()
      if (left <= 0) return
      await this.bell.heard(left)
    }
  }
}
