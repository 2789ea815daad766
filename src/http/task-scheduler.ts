import { areRequestsUnderWay } from '../training/slices.js'

/** Share of the budget that tasks may use while requests are in progress. */
const shareDuringRequests = 1 / 4

/**
 * Runs tasks in order, and yields to the event loop after a budget of milliseconds or tasks. Other work of the process
 * then runs between them, even while thousands of messages are due.
 */
export class TaskScheduler {
  readonly #queue: (() => void)[] = []
  /** Time of the tasks since the last yield. */
  #spentMilliseconds = 0
  #tasksRun = 0
  #isYieldScheduled = false

  /** @param maximumTasks tasks between yields; limits tasks that start work outside of the measured time */
  constructor(
    private readonly budgetMilliseconds: number,
    private readonly maximumTasks = Number.POSITIVE_INFINITY,
  ) {}

  /** Runs the task now, or queues it if the budget is spent. Returns its result. */
  run<T>(task: () => T): T | Promise<T> {
    if (this.#queue.length === 0 && this.#hasBudget()) return this.#runTimed(task)
    return new Promise<T>((resolve, reject) => {
      this.#queue.push(() => {
        try {
          resolve(this.#runTimed(task))
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  #hasBudget(): boolean {
    const share = areRequestsUnderWay() ? shareDuringRequests : 1
    return (
      this.#spentMilliseconds < share * this.budgetMilliseconds && this.#tasksRun < share * this.maximumTasks
    )
  }

  #runTimed<T>(task: () => T): T {
    const start = performance.now()
    this.#tasksRun++
    try {
      return task()
    } finally {
      this.#spentMilliseconds += performance.now() - start
      if (!this.#isYieldScheduled) {
        this.#isYieldScheduled = true
        setImmediate(() => this.#resume())
      }
    }
  }

  #resume(): void {
    this.#spentMilliseconds = 0
    this.#tasksRun = 0
    this.#isYieldScheduled = false
    let done = 0
    while (done < this.#queue.length && this.#hasBudget()) this.#queue[done++]()
    this.#queue.splice(0, done)
  }
}

/** For the writes of all WebSockets of this process. */
export const socketScheduler = new TaskScheduler(8)

/** For the writes of all event streams of this process. Node sends their bytes after the task, so tasks are limited too. */
export const eventStreamScheduler = new TaskScheduler(8, 8)
