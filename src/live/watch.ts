/**
 * A reader of one job: sends the job, its epochs in order, and its end. A hint only wakes it. It reads the database from
 * its position, so each epoch is sent once, even if hints are lost or duplicated.
 */
import type { Job } from '../contract/job.js'
import { isFinished } from '../contract/job-status.js'
import { lastEpoch, type PackedEpochs } from '../contract/packed-epochs.js'
import type { BoundaryView } from '../training/ports/boundaries.js'
import { type Feed, type JobWatcher, withoutEpochs } from './feed.js'
import { Semaphore } from './semaphore.js'
import type { Sink } from './sink.js'
import { WakeSignal } from './wake-signal.js'
import type { WatchedJob } from './watch-store.js'

/** The job ended, does not exist, the reader disconnected, or this service stops. */
export type WatchEnd = 'ended' | 'deleted' | 'gone' | 'closing'

/** Sends every epoch, and boundaries if `view` is given. With `summary`, sends the job at intervals instead. */
export interface WatchOptions {
  view?: BoundaryView | undefined
  summary?: boolean | undefined
}

/** The shortest time between two summaries with the same status. */
const summaryMilliseconds = 1_000

type Step = 'more' | 'waiting' | 'ended' | 'deleted'

interface Reading {
  version: number
  found: WatchedJob
}

/** What a message reported. The next one reports what changed. */
type Sent = Pick<Job, 'status' | 'epochs' | 'epoch' | 'queuePosition' | 'estimatedStartAt'> & { at: number }

export class Watch implements JobWatcher {
  private reading: Reading | undefined
  private version = 0
  private position: number
  /** The last epoch with a sent boundary. The initial network is epoch 0, so −1 precedes it. */
  private boundaryPosition: number
  private lastSent: Sent | undefined
  private isCaughtUp = false
  private stopped: 'gone' | 'closing' | undefined
  private readonly signal = new WakeSignal()

  constructor(
    private readonly feed: Feed,
    private readonly tenantId: string,
    after: number,
    private readonly onClose: () => void,
    readonly followsQueue = false,
  ) {
    this.position = after
    this.boundaryPosition = after === 0 ? -1 : after
    feed.watchers.add(this)
  }

  /** Reads the first message. Resolves with false when the tenant has no such job. */
  async open(): Promise<boolean> {
    this.reading = (await this.read(true)) ?? undefined
    return this.reading !== undefined
  }

  /** Sends all messages, each step under the semaphore. Resolves with the reason of the end. */
  async follow(sink: Sink, options: WatchOptions = {}, semaphore = new Semaphore(1)): Promise<WatchEnd> {
    try {
      while (this.stopped === undefined) {
        const step = await semaphore.run(() => this.step(sink, options))
        if (step === 'ended' || step === 'deleted') return step
        if (step === 'waiting') await this.waitForChange(options)
      }
      return this.stopped
    } finally {
      this.close()
    }
  }

  wake(): void {
    this.signal.wake()
  }

  close(why: 'gone' | 'closing' = 'gone'): void {
    if (this.stopped !== undefined) return
    this.stopped = why
    this.feed.watchers.delete(this)
    this.signal.wake()
    this.onClose()
  }

  private async step(sink: Sink, { view, summary = false }: WatchOptions): Promise<Step> {
    const reading = this.reading ?? (await this.read(this.lastSent === undefined))
    if (reading === null) return 'deleted'
    if (this.stopped !== undefined) return 'waiting'
    const { job } = reading.found
    this.version = reading.version
    if (this.lastSent === undefined) await this.sendJob(sink, job)
    if (summary) this.position = job.epoch
    const step = this.position < job.epoch ? await this.sendEpochs(sink, reading) : 'all'
    if (step !== 'all') return step
    this.reading = undefined
    if (view !== undefined && (await this.sendBoundaries(sink, job, view))) return 'more'
    if (this.hasChanged(job, summary)) await this.sendJob(sink, job)
    this.isCaughtUp = true
    if (!isFinished(job.status)) return 'waiting'
    await sink.send({ type: 'end', job })
    return 'ended'
  }

  /** Shares the read of another watcher unless `fresh`. */
  private async read(fresh: boolean): Promise<Reading | null> {
    const { version, found } = await this.feed.read(this.tenantId, this.position, fresh)
    return found?.tenantId === this.tenantId ? { version, found } : null
  }

  private async sendJob(sink: Sink, job: Job): Promise<void> {
    const { status, epochs, epoch, queuePosition, estimatedStartAt } = job
    this.lastSent = { status, epochs, epoch, queuePosition, estimatedStartAt, at: Date.now() }
    await sink.send({ type: 'job', job })
  }

  private hasChanged(job: Job, summary: boolean): boolean {
    const { lastSent } = this
    if (lastSent?.status !== job.status || lastSent.epochs !== job.epochs) return true
    return (summary && lastSent.epoch !== job.epoch) || (this.followsQueue && hasMoved(lastSent, job))
  }

  /** Sends the next epochs. Resolves with `all` when the job has no more. */
  private async sendEpochs(sink: Sink, reading: Reading): Promise<Step | 'all'> {
    const { job, epochs: read } = reading.found
    const epochs = this.startsAtPosition(read) ? read : await this.feed.epochs(this.tenantId, this.position)
    if (!this.startsAtPosition(epochs)) {
      // One statement stores epochs and Job.epoch, so a gap means that the job was deleted. Read both again.
      this.reading = (await this.read(true)) ?? undefined
      if (this.reading === undefined) return 'deleted'
      return this.startsAtPosition(this.reading.found.epochs) ? 'more' : 'all'
    }
    // Do not hold the epochs in memory while other jobs are sent.
    this.reading = { ...reading, found: withoutEpochs(reading.found) }
    await sink.send({ type: 'epochs', jobId: job.id, epochs })
    // Epochs from before the stream opened would distort the lag.
    if (this.isCaughtUp) this.feed.reportLag(this.position, lastEpoch(epochs))
    this.position = lastEpoch(epochs)
    return this.position < job.epoch ? 'more' : 'all'
  }

  private startsAtPosition({ after, seconds }: PackedEpochs): boolean {
    return seconds.length > 0 && after === this.position
  }

  /** Resolves with whether there may be more. */
  private async sendBoundaries(sink: Sink, job: Job, view: BoundaryView): Promise<boolean> {
    const { frames, position } = await this.feed.boundariesAfter(job, this.boundaryPosition, view)
    for (const frame of frames) {
      if (sink.isReady()) await sink.send({ type: 'boundary', jobId: job.id, frame })
    }
    const hasMore = position > this.boundaryPosition
    this.boundaryPosition = position
    return hasMore
  }

  /** Resolves after a change of the job, or when the watch closes. */
  private async waitForChange({ summary = false }: WatchOptions): Promise<void> {
    if (this.feed.version === this.version && this.stopped === undefined) await this.signal.wait()
    while (summary && this.stopped === undefined && this.feed.status === this.lastSent?.status) {
      const left = (this.lastSent?.at ?? 0) + summaryMilliseconds - Date.now()
      if (left <= 0) return
      await this.signal.wait(left)
    }
  }
}

/** Whether the position in the queue changed, or the estimated start by more than 1 s and a tenth of the wait. */
function hasMoved(before: Sent, now: Job): boolean {
  if (before.queuePosition !== now.queuePosition) return true
  if (before.estimatedStartAt === null || now.estimatedStartAt === null) {
    return before.estimatedStartAt !== now.estimatedStartAt
  }
  const start = Date.parse(now.estimatedStartAt)
  const shift = Math.abs(start - Date.parse(before.estimatedStartAt))
  return shift > 1_000 + (start - Date.now()) / 10
}
