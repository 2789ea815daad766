/** Generates datasets: small ones on the event loop, others in a thread. */

import { LRUCache } from 'lru-cache'
import type { Cell, GeneratedDataset } from '../contract/dataset.js'
import { generate, generatedRows, generatedSize } from '../datasets/generated.js'
import type { Table } from '../datasets/table.js'
import type { RequestThread } from './ports/request-thread.js'
import type { Tenanted } from './ports/tenants.js'

/** Maximum number of values that the event loop generates, in about a millisecond. */
const numbersAtOnce = 10_000

/** Maximum number of cached descriptions. */
const mostKept = 1_000

type Description = Pick<Table, 'columns' | 'rows'>

/** Reads generated datasets in the turns of a tenant. */
export interface GeneratedReader {
  describe(dataset: GeneratedDataset): Promise<Description>
  /** Raw values of the rows at these ascending indices. Ignores indices after the last row. */
  rows(dataset: GeneratedDataset, numbers: readonly number[]): Promise<Cell[][]>
}

export class GeneratedData implements Tenanted<GeneratedReader> {
  readonly #thread: Pick<RequestThread, 'describe' | 'rows'>
  readonly #kept = new LRUCache<string, Description>({ max: mostKept })
  /** By tenant and dataset, so that no tenant waits in the turns of another. */
  readonly #pending = new Map<string, Promise<Description>>()

  constructor(thread: Pick<RequestThread, 'describe' | 'rows'>) {
    this.#thread = thread
  }

  of(tenantId: string): GeneratedReader {
    return {
      describe: (dataset) => this.#describe(tenantId, dataset),
      rows: (dataset, numbers) => this.#rows(tenantId, dataset, numbers),
    }
  }

  async #describe(tenantId: string, dataset: GeneratedDataset): Promise<Description> {
    const { rows, columns } = generatedSize(dataset)
    if (rows * columns <= numbersAtOnce) return generate(dataset)
    const key = JSON.stringify(dataset)
    return this.#kept.get(key) ?? this.#computed(tenantId, dataset, key)
  }

  #computed(tenantId: string, dataset: GeneratedDataset, key: string): Promise<Description> {
    const pendingKey = JSON.stringify([tenantId, key])
    const pending = this.#pending.get(pendingKey)
    if (pending !== undefined) return pending
    const description = this.#thread
      .describe(tenantId, dataset)
      .then((computed) => {
        this.#kept.set(key, computed)
        return computed
      })
      .finally(() => this.#pending.delete(pendingKey))
    this.#pending.set(pendingKey, description)
    return description
  }

  async #rows(tenantId: string, dataset: GeneratedDataset, numbers: readonly number[]): Promise<Cell[][]> {
    const drawn = Math.min((numbers.at(-1) ?? -1) + 1, generatedSize(dataset).rows)
    const isShort = drawn * generatedSize(dataset).columns <= numbersAtOnce
    return isShort ? generatedRows(dataset, numbers) : this.#thread.rows(tenantId, dataset, numbers)
  }
}
