/**
 * What the watchers of one job share: news of it, and the reads that follow.
 * However many sockets watch a job, each state of it is read from the database once.
 */
import type { Epoch } from '../contract/epoch.js'
import type { Job } from '../contract/job.js'
import type {
  AllJobs,
  BoundaryReader,
  BoundaryView,
  EpochStore,
  Hint,
  JobProgress,
} from '../training/ports.js'

/** Most epochs in one message. */
const epochsPerRead = 2_000

export class Feed {
  watchers = 0
  /** Counts the news; a watcher that has seen this number has nothing to read. */
  private version = 0
  /** What the last read found. */
  private known: Pick<JobProgress, 'status' | 'epoch'> | undefined
  /** The newest epoch that a hint told of, and when it was committed. */
  news: Pick<Hint, 'epoch' | 'committedAt'> | undefined
  private readonly waiting = new Set<() => void>()
  private jobRead: { version: number; job: Promise<Job | null> } | undefined
  private readonly epochReads = new Map<number, Promise<Epoch[]>>()
  private readonly boundaryReads = new Map<string, ReturnType<BoundaryReader['behind']>>()

  constructor(
    private readonly jobId: string,
    private readonly jobs: Pick<AllJobs, 'get'>,
    private readonly epochs: Pick<EpochStore, 'read'>,
    private readonly boundaries: BoundaryReader,
  ) {}

  /** Tells the feed what the job is said to be now; wakes the watchers unless that was read already. */
  report({ status, epoch, committedAt }: Pick<JobProgress, 'status' | 'epoch'> & Partial<Hint>): void {
    if (committedAt !== undefined && epoch > (this.news?.epoch ?? 0)) this.news = { epoch, committedAt }
    if (this.known?.status !== status || this.known.epoch !== epoch) this.wake()
  }

  /** Makes every watcher read again, whether or not there is news. */
  wake(): void {
    this.version++
    for (const resume of this.waiting) resume()
  }

  /** The job as of now, and the version to wait behind. */
  async read(): Promise<{ version: number; job: Job | null }> {
    if (this.jobRead?.version !== this.version) {
      const read = { version: this.version, job: this.jobs.get(this.jobId) }
      read.job.then(
        (job) => {
          if (this.jobRead === read) this.known = job ?? undefined
        },
        () => {
          // A failed read must not be handed to the next watcher.
          if (this.jobRead === read) this.jobRead = undefined
        },
      )
      this.jobRead = read
    }
    const { version, job } = this.jobRead
    return { version, job: await job }
  }

  async epochsBehind(after: number): Promise<Epoch[]> {
    let read = this.epochReads.get(after)
    if (read === undefined) {
      read = this.epochs.read(this.jobId, after, epochsPerRead).finally(() => this.epochReads.delete(after))
      this.epochReads.set(after, read)
    }
    return read
  }

  /** All views of a job have the same axes. */
  async boundariesBehind(job: Job, after: number, view: BoundaryView): ReturnType<BoundaryReader['behind']> {
    const key = `${job.modelId} ${view.size} ${after}`
    let read = this.boundaryReads.get(key)
    if (read === undefined) {
      read = this.boundaries.behind(job, after, view).finally(() => this.boundaryReads.delete(key))
      this.boundaryReads.set(key, read)
    }
    return read
  }

  /** Resolves when there is news behind `version`, or when the signal aborts. */
  async newsBehind(version: number, signal: AbortSignal): Promise<void> {
    if (version !== this.version || signal.aborted) return
    await new Promise<void>((resolve) => {
      const resume = () => {
        this.waiting.delete(resume)
        signal.removeEventListener('abort', resume)
        resolve()
      }
      this.waiting.add(resume)
      signal.addEventListener('abort', resume)
    })
  }
}
