/**
 * Loads items in batches: one call for all keys requested while the earlier calls are running. Tenants take turns for the
 * places of a batch.
 */
import { TenantQueue } from '../base/tenant-queue.js'

interface Pending<Item, Result> {
  key: string
  item: Item
  result: Promise<Result>
  resolve(result: Result): void
  reject(error: unknown): void
}

interface BatchLimits {
  /** Items of one call. */
  size: number
  /** Calls that run at the same time. */
  concurrency: number
}

export class BatchLoader<Item, Result> {
  readonly #pending = new Map<string, Pending<Item, Result>>()
  readonly #queue = new TenantQueue<Pending<Item, Result>>()
  #running = 0
  #isScheduled = false

  /** @param loadBatch resolves with a result for each item, in the same order */
  constructor(
    private readonly loadBatch: (items: Item[]) => Promise<Result[]>,
    private readonly limits: BatchLimits,
  ) {}

  /** Items with the same `key` are loaded once, until the call that loads them starts. */
  load(tenantId: string, key: string, item: Item): Promise<Result> {
    const waiting = this.#pending.get(key)
    if (waiting !== undefined) return waiting.result
    const pending = createPending<Item, Result>(key, item)
    this.#pending.set(key, pending)
    this.#queue.add(tenantId, pending)
    if (!this.#isScheduled) {
      this.#isScheduled = true
      // One packet can carry many hints. Their items belong in one batch.
      setImmediate(() => {
        this.#isScheduled = false
        this.#start()
      })
    }
    return pending.result
  }

  #start(): void {
    while (!this.#queue.isEmpty && this.#running < this.limits.concurrency) {
      this.#running++
      void this.#run(this.#takeBatch()).finally(() => {
        this.#running--
        this.#start()
      })
    }
  }

  #takeBatch(): Pending<Item, Result>[] {
    const batch: Pending<Item, Result>[] = []
    while (batch.length < this.limits.size) {
      const pending = this.#queue.take()
      if (pending === undefined) break
      this.#pending.delete(pending.key)
      batch.push(pending)
    }
    return batch
  }

  async #run(batch: Pending<Item, Result>[]): Promise<void> {
    try {
      const results = await this.loadBatch(batch.map(({ item }) => item))
      for (const [index, { resolve }] of batch.entries()) resolve(results[index])
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}

function createPending<Item, Result>(key: string, item: Item): Pending<Item, Result> {
  let resolve: (result: Result) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const result = new Promise<Result>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise
    reject = rejectPromise
  })
  return { key, item, result, resolve, reject }
}
