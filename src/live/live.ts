/** Watching jobs: who watches which, and what wakes them. */

import type { BoundaryReader } from '../training/ports/boundaries.js'
import type { JobProgress } from '../training/ports/jobs.js'
import { Bundle } from './bundle.js'
import { Feed } from './feed.js'
import type { BundleSink } from './sink.js'
import { Source } from './source.js'
import { Watch, type WatchOptions } from './watch.js'
import type { Hint, WatchStore } from './watch-store.js'

/** Lost hints are made up for this often. */
const pollMilliseconds = 2_000

export class Live {
  private readonly feeds = new Map<string, Feed>()
  /** Those of one job, and those of many. */
  private readonly streams = new Set<Pick<Watch | Bundle, 'close'>>()
  private readonly source: Source
  private readonly poll: NodeJS.Timeout
  private isClosing = false

  constructor(
    private readonly store: WatchStore,
    private readonly boundaries: BoundaryReader,
    private readonly onError: (error: unknown) => void,
    /** Told the seconds from an epoch's commit to its writing to a watcher. */
    private readonly onLag: (seconds: number) => void = () => {},
  ) {
    this.source = new Source(store)
    this.poll = setInterval(() => void this.refresh(), pollMilliseconds)
  }

  /** Jobs that somebody watches. */
  get watched(): number {
    return this.feeds.size
  }

  /** Open streams, of one job or of many. */
  get watchers(): number {
    return this.streams.size
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
      for (const progress of await this.store.progress([...gone.keys()])) {
        gone.delete(progress.jobId)
        this.report(progress)
      }
      // Nothing tells of a job that was deleted.
      for (const feed of gone.values()) feed.wake()
    } catch (error) {
      this.onError(error)
    }
  }

  /** A stream of one job, with what comes first read already; null when the tenant has no such job. It must be followed or closed. */
  async open(tenantId: string, jobId: string, after: number): Promise<Watch | null> {
    const watch = this.part(tenantId, jobId, after, () => this.streams.delete(watch))
    this.streams.add(watch)
    if (this.isClosing) watch.close('closing')
    try {
      if (await watch.open()) return watch
    } catch (error) {
      watch.close()
      throw error
    }
    watch.close()
    return null
  }

  /** A stream of many jobs. It must be closed. */
  openBundle(tenantId: string, sink: BundleSink, options: Pick<WatchOptions, 'summary'> = {}): Bundle {
    const part = (jobId: string, after: number) => this.part(tenantId, jobId, after)
    const bundle = new Bundle(part, sink, options, () => this.streams.delete(bundle))
    this.streams.add(bundle)
    if (this.isClosing) bundle.close('closing')
    return bundle
  }

  /** One job's part of a stream. It must be followed or closed. */
  private part(tenantId: string, jobId: string, after: number, onClose = () => {}): Watch {
    const feed = this.feeds.get(jobId) ?? new Feed(jobId, this.source, this.boundaries, this.onLag)
    this.feeds.set(jobId, feed)
    return new Watch(feed, tenantId, after, () => {
      if (feed.watchers.size === 0 && this.feeds.get(jobId) === feed) this.feeds.delete(jobId)
      onClose()
    })
  }

  close(): void {
    clearInterval(this.poll)
    this.isClosing = true
    for (const stream of [...this.streams]) stream.close('closing')
  }
}
