import { constants, getPriority, setPriority } from 'node:os'

const { PRIORITY_BELOW_NORMAL } = constants.priority

/** Milliseconds of training at normal priority. Idle time restores them. */
const normalMilliseconds = 1_000

/** The operating system's priority of the calling thread. Replaced in tests. */
export interface SystemPriority {
  get(): number
  /** @throws Error when the process lacks the permission to raise it */
  set(priority: number): void
}

const ofThread: SystemPriority = { get: () => getPriority(), set: (priority) => setPriority(priority) }

/**
 * Gives short trainings the normal priority, so that their first epochs arrive at once, and long ones a low priority, so
 * that requests to an API process on the same machine, and its database, come first. On Linux the priority is that of the
 * calling thread and of the threads it starts later, elsewhere that of the process.
 */
export class ThreadPriority {
  readonly #normal: number
  #isLow = false
  /** Milliseconds of training that idle time has not yet restored. */
  #trained = 0
  #changedAt: number

  constructor(
    private readonly system: SystemPriority = ofThread,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#normal = system.get()
    this.#changedAt = now()
  }

  /** Training begins after idle time. */
  begin(): void {
    this.#trained = Math.max(0, this.#trained - this.#elapsed())
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
    // A process that was started at a lower priority keeps it.
    if (this.#isLow || this.#normal >= PRIORITY_BELOW_NORMAL) return
    this.system.set(PRIORITY_BELOW_NORMAL)
    this.#isLow = true
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
