/** Allocates the threads of a worker: which claims hold them, when they become free, and what can be claimed. */
import type { Capacity, Claimed, ClaimedJob, SpareCapacity } from '../src/training/ports/runs.js'

/**
 * Limits of a batch of small jobs that one thread trains in sequence. Low, so that other tenants get their turn soon.
 */
const together = { jobs: 128, seconds: 0.1 }

/** The weight of earlier trainings in the estimate of the speed. */
const memory = 0.9
/** Outside these bounds, the measurement does not show the speed of the machine. */
const scales = { least: 1e-3, most: 1e3 }

/** The properties of a claimed job that decide its allocation. */
type Taken = Pick<ClaimedJob, 'estimatedSeconds'> & { spec: { threads: number } }

/** The jobs of one claim. */
export interface Holder {
  /** 0 after their training, while their results are stored. */
  threads: number
  /** Whether it holds the spare thread, which is not one of the worker's threads. */
  readonly isSpare: boolean
  readonly since: number
  readonly estimatedSeconds: number
  /** Milliseconds, when the encoded rows were in memory that trainings share; null before, or if they are not shared. */
  encodedAt: number | null
  /** Milliseconds, when the training had begun; null while its data is prepared. */
  begunAt: number | null
  /** Milliseconds, estimated from its progress; null before its first epochs. */
  expectedEnd: number | null
}

export class ThreadAllocator {
  readonly #holders = new Set<Holder>()
  #measured = 0
  #estimated = 0
  #reservation: { jobId: string; at: number } | null = null

  /**
   * @param all threads of all trainings. A training with more takes all of them
   * @param now the time in milliseconds
   */
  constructor(
    private readonly all: number,
    private readonly now = () => performance.now(),
  ) {}

  get free(): number {
    return this.all - this.#ordinary.reduce((sum, { threads }) => sum + threads, 0)
  }

  /**
   * Seconds until the spare thread may take small jobs; null if a thread is free. It does not while a thread is expected
   * to become free as soon as after a batch of small jobs.
   */
  get spareIn(): number | null {
    if (this.free > 0) return null
    const [soonest = 0] = this.#freeIn(this.now())
    return soonest >= together.seconds ? 0 : soonest
  }

  /** The capacity for the next claim. */
  capacity(): Capacity {
    const now = this.now()
    const reservation = this.#reservation
    return {
      all: this.all,
      free: this.free,
      ...together,
      timeScale: this.#timeScale,
      freeIn: this.#freeIn(now),
      reservation: reservation && {
        jobId: reservation.jobId,
        seconds: Math.max(0, reservation.at - now) / 1_000,
      },
    }
  }

  /** The capacity for the next claim of the spare thread. */
  spareCapacity(): SpareCapacity {
    return { all: this.all, ...together, timeScale: this.#timeScale }
  }

  /**
   * Reserves threads for a wide job. The time of its start is set once, so overruns of others do not let more jobs pass
   * it.
   */
  reserve(waiting: Claimed['waiting']): void {
    if (waiting?.jobId === this.#reservation?.jobId) return
    const now = this.now()
    this.#reservation = waiting && {
      jobId: waiting.jobId,
      at: now + 1_000 * (this.#freeIn(now)[waiting.threads - 1] ?? 0),
    }
  }

  take(jobs: readonly Taken[], isSpare = false): Holder {
    const since = this.now()
    const threads = Math.min(Math.max(...jobs.map(({ spec }) => spec.threads)), this.all)
    const estimatedSeconds = jobs.reduce((sum, job) => sum + job.estimatedSeconds, 0)
    const times = { since, estimatedSeconds, encodedAt: null, begunAt: null, expectedEnd: null }
    const holder = { threads, isSpare, ...times }
    this.#holders.add(holder)
    return holder
  }

  release(holder: Holder): void {
    this.#holders.delete(holder)
  }

  /**
   * @param estimated the estimated seconds of the epochs
   * @param seconds their actual duration
   */
  learn(estimated: number, seconds: number): void {
    this.#measured = memory * this.#measured + seconds
    this.#estimated = memory * this.#estimated + estimated
  }

  get #timeScale(): number {
    if (this.#estimated === 0) return 1
    return Math.min(scales.most, Math.max(scales.least, this.#measured / this.#estimated))
  }

  get #ordinary(): Holder[] {
    return [...this.#holders].filter(({ isSpare }) => !isSpare)
  }

  /** A training that overruns its estimate is expected to take as long again. */
  #freeIn(now: number): number[] {
    const ends = this.#ordinary.flatMap(({ threads, since, estimatedSeconds, expectedEnd }) => {
      const end = expectedEnd ?? since + 1_000 * this.#timeScale * estimatedSeconds
      const left = end > now ? end - now : now - since
      return Array.from({ length: threads }, () => left / 1_000)
    })
    return [...Array.from({ length: this.free }, () => 0), ...ends.toSorted((one, other) => one - other)]
  }
}
