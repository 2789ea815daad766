import { areRequestsUnderWay, hasRequestBegun } from '../training/slices.js'

/** Share of the budget, and of the time of the event loop, that tasks may use while requests come. */
const shareDuringRequests = 1 / 4

/** The time after the start of a request in which the next one may come. */
const recentMilliseconds = 100

/** The longest pause of the tasks for requests. */
const maximumPauseMilliseconds = 50

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
  #isPaused = false
  /** The start of the first task since the last yield. */
  #startedAt = 0

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
    if (this.#isPaused) return false
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
        this.#startedAt = start
        setImmediate(() => this.#yield())
      }
    }
  }

  /** Pauses while requests come. The time includes what the tasks caused until now, such as writes of sockets. */
  #yield(): void {
    const milliseconds = performance.now() - this.#startedAt
    const pause = Math.min(maximumPauseMilliseconds, milliseconds * (1 / shareDuringRequests - 1))
    this.#isPaused = pause >= 1 && hasRequestBegun(recentMilliseconds)
    if (this.#isPaused) setTimeout(() => this.#resume(), pause)
    else this.#resume()
  }

  #resume(): void {
    this.#spentMilliseconds = 0
    this.#tasksRun = 0
    this.#isYieldScheduled = false
    this.#isPaused = false
    let done = 0
    while (done < this.#queue.length && this.#hasBudget()) this.#queue[done++]()
    this.#queue.splice(0, done)
  }
}

/** For the writes of all WebSockets of this process. */
export const socketScheduler = new TaskScheduler(8)

/** For the writes of all event streams of this process. Node sends their bytes after the task, so tasks are limited too. */
export const eventStreamScheduler = new TaskScheduler(8, 8)

/** For the received pieces of all uploads of this process. Node writes them after the task, so tasks are limited. */
export const uploadScheduler = new TaskScheduler(8, 8)
