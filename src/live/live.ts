/** The open streams of this process, and the feeds of the jobs that they watch. */

import type { BoundaryReader } from '../training/ports/boundaries.js'
import type { JobProgress } from '../training/ports/jobs.js'
import { Feed } from './feed.js'
import { MultiWatch } from './multi-watch.js'
import { openOrClose } from './open-or-close.js'
import { SharedReads } from './shared-reads.js'
import type { MultiSink } from './sink.js'
import { Watch, type WatchOptions } from './watch.js'
import type { Hint, WatchStore } from './watch-store.js'

/** The interval of polling, which replaces lost hints. */
const pollMilliseconds = 2_000

export class Live {
  private readonly feeds = new Map<string, Feed>()
  /** Streams of one job and of many. */
  private readonly streams = new Set<Pick<Watch | MultiWatch, 'close'>>()
  private readonly reads: SharedReads
  private readonly poll: NodeJS.Timeout
  private isClosing = false

  constructor(
    private readonly store: WatchStore,
    private readonly boundaries: BoundaryReader,
    private readonly onError: (error: unknown) => void,
    /** Called with the seconds from the commit of an epoch until a watcher is sent it. */
    private readonly onLag: (seconds: number) => void = () => {},
  ) {
    this.reads = new SharedReads(store)
    this.poll = setInterval(() => void this.refresh(), pollMilliseconds)
  }

  /** Number of watched jobs. */
  get watched(): number {
    return this.feeds.size
  }

  /** Number of open streams. */
  get watchers(): number {
    return this.streams.size
  }

  /** Wakes the watchers of the job of a hint. */
  report(progress: JobProgress & Partial<Hint>): void {
    this.feeds.get(progress.jobId)?.report(progress)
  }

  /** Polls the progress of every watched job, because hints may be lost. */
  async refresh(): Promise<void> {
    if (this.feeds.size === 0) return
    const gone = new Map(this.feeds)
    try {
      for (const progress of await this.store.progress([...gone.keys()])) {
        gone.delete(progress.jobId)
        this.report(progress)
        this.feeds.get(progress.jobId)?.pollQueue()
      }
      // A deletion sends no hint.
      for (const feed of gone.values()) feed.wake()
    } catch (error) {
      this.onError(error)
    }
  }

  /**
   * A stream of one job; null when the tenant has no such job. It has read its first message. While the job is queued, it
   * reports its place.
   * The caller must follow or close it.
   */
  async open(tenantId: string, jobId: string, after: number): Promise<Watch | null> {
    const onClose = () => this.streams.delete(watch)
    const watch = this.createWatch(tenantId, jobId, after, { onClose, followsQueue: true })
    this.streams.add(watch)
    if (this.isClosing) watch.close('closing')
    return openOrClose(watch)
  }

  /** A stream of many jobs. The caller must close it. */
  openMany(tenantId: string, sink: MultiSink, options: Pick<WatchOptions, 'summary'> = {}): MultiWatch {
    const open = (jobId: string, after: number) => this.createWatch(tenantId, jobId, after)
    const stream = new MultiWatch(open, sink, options, () => this.streams.delete(stream))
    this.streams.add(stream)
    if (this.isClosing) stream.close('closing')
    return stream
  }

  /** The caller must follow or close it. */
  private createWatch(
    tenantId: string,
    jobId: string,
    after: number,
    { onClose, followsQueue }: { onClose?: () => void; followsQueue?: boolean } = {},
  ): Watch {
    const feed = this.feeds.get(jobId) ?? new Feed(jobId, this.reads, this.boundaries, this.onLag)
    this.feeds.set(jobId, feed)
    const close = () => {
      if (feed.watchers.size === 0 && this.feeds.get(jobId) === feed) this.feeds.delete(jobId)
      onClose?.()
    }
    return new Watch(feed, tenantId, after, close, followsQueue)
  }

  close(): void {
    clearInterval(this.poll)
    this.isClosing = true
    for (const stream of [...this.streams]) stream.close('closing')
  }
}
