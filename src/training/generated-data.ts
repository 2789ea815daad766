/** Generates datasets: small ones on the event loop, others in a thread. */

import { LRUCache } from 'lru-cache'
import type { Cell, GeneratedDataset } from '../contract/dataset.js'
import { generate, generatedRows, generatedSize } from '../datasets/generated.js'
import type { Table } from '../datasets/table.js'
import type { RequestThread } from './ports/request-thread.js'

/** Maximum number of values that the event loop generates, in about a millisecond. */
const numbersAtOnce = 10_000

/** Maximum number of cached descriptions. */
const mostKept = 1_000

type Description = Pick<Table, 'columns' | 'rows'>

export class GeneratedData {
  readonly #thread: Pick<RequestThread, 'describe' | 'rows'>
  readonly #kept = new LRUCache<string, Promise<Description>>({ max: mostKept })

  constructor(thread: Pick<RequestThread, 'describe' | 'rows'>) {
    this.#thread = thread
  }

  async describe(dataset: GeneratedDataset): Promise<Description> {
    const { rows, columns } = generatedSize(dataset)
    if (rows * columns <= numbersAtOnce) return generate(dataset)
    const key = JSON.stringify(dataset)
    const description = this.#kept.get(key) ?? this.#thread.describe(dataset)
    this.#kept.set(key, description)
    description.catch(() => this.#kept.delete(key))
    return description
  }

  /** Raw values of the rows at these ascending indices. Ignores indices after the last row. */
  async rows(dataset: GeneratedDataset, numbers: readonly number[]): Promise<Cell[][]> {
    const drawn = Math.min((numbers.at(-1) ?? -1) + 1, generatedSize(dataset).rows)
    const isShort = drawn * generatedSize(dataset).columns <= numbersAtOnce
    return isShort ? generatedRows(dataset, numbers) : this.#thread.rows(dataset, numbers)
  }
}
