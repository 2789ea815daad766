import { areRequestsUnderWay } from '../training/slices.js'

/** While requests are under way, so much less is run between two turns of the event loop. */
const shareBesideRequests = 1 / 4

/**
 * Keeps the event loop free while thousands of messages are due at once: tasks run as they come, in order, but after a few
 * milliseconds of them everything else of the process gets its turn first.
 */
export class Pace {
  readonly #waiting: (() => void)[] = []
  /** Milliseconds that tasks have taken since others had their turn. */
  #spent = 0
  #run = 0
  #isDue = false

  /** @param tasksAtOnce where what a task begins takes longer than the task itself */
  constructor(
    private readonly milliseconds: number,
    private readonly tasksAtOnce = Number.POSITIVE_INFINITY,
  ) {}

  /** Runs the task, at once or later; resolves with what it gives. */
  run<T>(task: () => T): T | Promise<T> {
    if (this.#waiting.length === 0 && this.#hasRoom()) return this.#timed(task)
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(this.#timed(task))
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  #hasRoom(): boolean {
    const share = areRequestsUnderWay() ? shareBesideRequests : 1
    return this.#spent < share * this.milliseconds && this.#run < share * this.tasksAtOnce
  }

  #timed<T>(task: () => T): T {
    const begin = performance.now()
    this.#run++
    try {
      return task()
    } finally {
      this.#spent += performance.now() - begin
      if (!this.#isDue) {
        this.#isDue = true
        setImmediate(() => this.#goOn())
      }
    }
  }

  #goOn(): void {
    this.#spent = 0
    this.#run = 0
    this.#isDue = false
    let done = 0
    while (done < this.#waiting.length && this.#hasRoom()) this.#waiting[done++]()
    this.#waiting.splice(0, done)
  }
}

/** Of all sockets of this process: a write of a large message takes a while. */
export const sending = new Pace(8)

/** Of all server-sent events: they leave after the task that writes them, by way of Node's streams. */
export const sendingEvents = new Pace(8, 8)
