/**
 * Keeps the event loop free while thousands of messages are due at once: tasks run as they come, in order, but after a few
 * milliseconds of them everything else of the process gets its turn first.
 */
export class Pace {
  readonly #waiting: (() => void)[] = []
  /** Milliseconds that tasks have taken since others had their turn. */
  #spent = 0
  #isDue = false

  constructor(private readonly milliseconds: number) {}

  /** Runs the task, at once or later; resolves with what it gives. */
  run<T>(task: () => T): T | Promise<T> {
    if (this.#waiting.length === 0 && this.#spent < this.milliseconds) return this.#timed(task)
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

  #timed<T>(task: () => T): T {
    const begin = performance.now()
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
    this.#isDue = false
    let done = 0
    while (done < this.#waiting.length && this.#spent < this.milliseconds) this.#waiting[done++]()
    this.#waiting.splice(0, done)
  }
}
