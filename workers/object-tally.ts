/** Adds the requests of a worker process to the object store to the metrics of all workers. */
import type { Logger } from 'pino'
import {
  type MetricStore,
  type ObjectRequests,
  objectRequestBounds,
} from '../src/training/ports/service-metrics.js'

const everyMilliseconds = 1_000

export class ObjectTally {
  #requests = new Map<string, ObjectRequests>()
  readonly #timer: NodeJS.Timeout
  #reporting = Promise.resolve()

  constructor(
    private readonly store: Pick<MetricStore, 'addObjectRequests'>,
    private readonly log: Pick<Logger, 'warn'>,
  ) {
    this.#timer = setInterval(() => {
      this.#reporting = this.#reporting.then(() => this.#report())
    }, everyMilliseconds)
  }

  /** @param seconds of one attempt */
  observe(operation: string, outcome: string, seconds: number): void {
    const counts = Array<number>(objectRequestBounds.length + 1).fill(0)
    const index = objectRequestBounds.findIndex((bound) => seconds <= bound)
    counts[index < 0 ? objectRequestBounds.length : index] = 1
    this.#add({ operation, outcome, seconds, counts })
  }

  /** Reports the last requests. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#reporting
    await this.#report()
  }

  async #report(): Promise<void> {
    if (this.#requests.size === 0) return
    const requests = [...this.#requests.values()]
    this.#requests = new Map()
    try {
      await this.store.addObjectRequests(requests)
    } catch (error) {
      for (const each of requests) this.#add(each)
      this.log.warn({ err: error }, 'service metrics')
    }
  }

  #add(added: ObjectRequests): void {
    const key = `${added.operation} ${added.outcome}`
    const sum = this.#requests.get(key)
    if (sum === undefined) {
      this.#requests.set(key, added)
      return
    }
    sum.seconds += added.seconds
    for (const [index, count] of added.counts.entries()) sum.counts[index] += count
  }
}
