/**
 * Watching jobs. Hints only wake the watchers; what they send comes from the database, behind the position each
 * has reached, so nothing is missing and nothing comes twice.
 */
import { isFinished, type JobStatus } from '../contract/job.js'
import type { StreamMessage } from '../contract/stream.js'
import type {
  AllJobs,
  BoundaryReader,
  BoundaryView,
  EpochStore,
  Hint,
  JobProgress,
} from '../training/ports.js'
import { Feed } from './feed.js'

export interface Sink {
  /** Resolves when the reader can take more. */
  send(message: StreamMessage): Promise<void>
  /** Whether next to nothing waits for the reader; what it can do without is left out otherwise. */
  isReady(): boolean
  /** Aborts when the reader is gone. */
  readonly signal: AbortSignal
}

/** The job ended, does not exist (any more), the reader is gone, or this service stops. */
export type WatchEnd = 'ended' | 'deleted' | 'gone' | 'closing'

/** Lost hints are made up for this often. */
const pollMilliseconds = 2_000

export class Live {
  private readonly feeds = new Map<string, Feed>()
  private readonly poll: NodeJS.Timeout
  private readonly closing = new AbortController()

  constructor(
    private readonly jobs: Pick<AllJobs, 'get' | 'progress'>,
    private readonly epochs: Pick<EpochStore, 'read'>,
    private readonly boundaries: BoundaryReader,
    private readonly onError: (error: unknown) => void,
    /** Told the seconds from an epoch's commit to its writing to a watcher. */
    private readonly onLag: (seconds: number) => void = () => {},
  ) {
    this.poll = setInterval(() => void this.refresh(), pollMilliseconds)
  }

  /** Jobs that somebody watches. */
  get watched(): number {
    return this.feeds.size
  }

  get watchers(): number {
    return [...this.feeds.values()].reduce((sum, feed) => sum + feed.watchers, 0)
  }

  /** A hint arrived. */
  report(progress: JobProgress & Partial<Hint>): void {
    this.feeds.get(progress.jobId)?.report(progress)
  }

  /** Hints may have been lost: asks the database about every watched job. */
  async refresh(): Promise<void> {
    if (this.feeds.size === 0) return
    const gone = new Map(this.feeds)
    try {
      for (const progress of await this.jobs.progress([...gone.keys()])) {
        gone.delete(progress.jobId)
        this.report(progress)
      }
      // Nothing tells of a job that was deleted.
      for (const feed of gone.values()) feed.wake()
    } catch (error) {
      this.onError(error)
    }
  }

  /**
   * Sends the job, its epochs behind `after` in order, and its end; resolves with why it stopped. With a view, boundaries
   * come in between, as many as the reader keeps up with.
   */
  async watch(jobId: string, after: number, sink: Sink, view?: BoundaryView): Promise<WatchEnd> {
    const feed = this.feeds.get(jobId) ?? new Feed(jobId, this.jobs, this.epochs, this.boundaries)
    this.feeds.set(jobId, feed)
    feed.watchers++
    try {
      const signal = AbortSignal.any([sink.signal, this.closing.signal])
      return await this.follow(feed, after, { ...sink, signal }, view)
    } finally {
      feed.watchers--
      if (feed.watchers === 0 && this.feeds.get(jobId) === feed) this.feeds.delete(jobId)
    }
  }

  private async follow(
    feed: Feed,
    after: number,
    sink: Sink,
    view: BoundaryView | undefined,
  ): Promise<WatchEnd> {
    let position = after
    // The network as it was initialized is a frame, too.
    let painted = after === 0 ? -1 : after
    let shown: JobStatus | undefined
    let epochs: number | undefined
    while (!sink.signal.aborted) {
      const { version, job } = await feed.read()
      if (job === null) return 'deleted'
      if (shown === undefined) await sink.send({ type: 'job', job })
      while (position < job.epoch && !sink.signal.aborted) {
        const epochs = await feed.epochsBehind(position)
        const last = epochs.at(-1)
        if (last === undefined) break
        await sink.send({ type: 'epochs', epochs })
        const { news } = feed
        // What was there before the watcher came tells nothing about how fast news travels.
        const isNews = shown !== undefined && news !== undefined && news.epoch > position
        if (isNews && news.epoch <= last.epoch) this.onLag(lagOf(news))
        position = last.epoch
      }
      let hasMore = false
      if (view !== undefined && !sink.signal.aborted) {
        const { frames, position } = await feed.boundariesBehind(job, painted, view)
        for (const frame of frames) if (sink.isReady()) await sink.send(frame)
        hasMore = position > painted
        painted = position
      }
      const isNews = shown !== job.status || epochs !== job.epochs
      if (shown !== undefined && isNews) await sink.send({ type: 'job', job })
      shown = job.status
      epochs = job.epochs
      if (hasMore) continue
      if (isFinished(job.status)) {
        await sink.send({ type: 'end', job })
        return 'ended'
      }
      await feed.newsBehind(version, sink.signal)
    }
    return this.closing.signal.aborted ? 'closing' : 'gone'
  }

  close(): void {
    clearInterval(this.poll)
    this.closing.abort()
  }
}

/** Never below zero, however the clocks of this process and the database differ. */
function lagOf({ committedAt }: Pick<Hint, 'committedAt'>): number {
  return Math.max(0, Date.now() - committedAt.getTime()) / 1_000
}
