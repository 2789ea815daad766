import { lowerPriority, ownPriority } from '../src/base/low-priority.js'

/** Milliseconds of training at normal priority. */
const normalMilliseconds = 1_000

/** Milliseconds of them that a millisecond of idle time restores, so that at most a fifth of the time has normal priority. */
const restored = 1 / 4

/**
 * Gives short trainings the normal priority, so that their first epochs arrive at once. Long ones get a low priority, so
 * that the API process and the database of the same machine come first. On Linux the priority is that of the calling
 * thread and of the threads it starts later, elsewhere that of the process.
 */
export class ThreadPriority {
  readonly #normal: number
  #isLow = false
  /** Milliseconds of training that idle time has not yet restored. */
  #trained = 0
  #changedAt: number

  constructor(
    private readonly system = ownPriority,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#normal = system.get()
    this.#changedAt = now()
  }

  /** Training begins after idle time. */
  begin(): void {
    this.#trained = Math.max(0, this.#trained - restored * this.#elapsed())
    this.#lowerWhenDue()
  }

  /** Training goes on. Call it between slices. */
  continue(): void {
    this.#trained = Math.min(2 * normalMilliseconds, this.#trained + this.#elapsed())
    this.#lowerWhenDue()
  }

  /** Training ends. Returns whether the priority stays low because the process must not raise it. */
  end(): boolean {
    this.continue()
    if (!this.#isLow) return false
    try {
      this.system.set(this.#normal)
      this.#isLow = false
    } catch {
      // Raising needs a privilege on Linux.
    }
    return this.#isLow
  }

  /** At once, for a training that starts threads: they inherit the priority. */
  lower(): void {
    this.#isLow ||= lowerPriority(this.system)
  }

  #lowerWhenDue(): void {
    if (this.#trained >= normalMilliseconds) this.lower()
  }

  #elapsed(): number {
    const before = this.#changedAt
    this.#changedAt = this.now()
    return this.#changedAt - before
  }
}
