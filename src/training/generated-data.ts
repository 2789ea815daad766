/** Generated datasets without blocking the event loop: small ones at once, others in a thread. */

import { evictOldest } from '../base/evict-oldest.js'
import type { Cell, GeneratedDataset } from '../contract/dataset.js'
import { generate, generatedRows, generatedSize } from '../datasets/generated.js'
import type { Table } from '../datasets/table.js'
import type { RequestThread } from './ports/request-thread.js'

/** Numbers that are drawn on the event loop, in about a millisecond. */
const numbersAtOnce = 10_000

/** Cached descriptions. Evicts the least recently used. */
const mostKept = 1_000

type Description = Pick<Table, 'columns' | 'rows'>

export class GeneratedData {
  readonly #thread: Pick<RequestThread, 'describe' | 'rows'>
  /** The most recently used stand last. */
  readonly #kept = new Map<string, Promise<Description>>()

  constructor(thread: Pick<RequestThread, 'describe' | 'rows'>) {
    this.#thread = thread
  }

  async describe(dataset: GeneratedDataset): Promise<Description> {
    const { rows, columns } = generatedSize(dataset)
    if (rows * columns <= numbersAtOnce) return generate(dataset)
    const key = JSON.stringify(dataset)
    const description = this.#kept.get(key) ?? this.#thread.describe(dataset)
    this.#kept.delete(key)
    this.#kept.set(key, description)
    description.catch(() => this.#kept.delete(key))
    evictOldest(this.#kept, mostKept)
    return description
  }

  /** Raw values of the rows of these ascending numbers, as far as there are such rows. */
  async rows(dataset: GeneratedDataset, numbers: readonly number[]): Promise<Cell[][]> {
    const drawn = Math.min((numbers.at(-1) ?? -1) + 1, generatedSize(dataset).rows)
    const isShort = drawn * generatedSize(dataset).columns <= numbersAtOnce
    return isShort ? generatedRows(dataset, numbers) : this.#thread.rows(dataset, numbers)
  }
}
