/** Reports which rows of a job train and which validate. A thread computes the splits, and they are cached. */
import { LRUCache } from 'lru-cache'
import type { GeneratedDataset } from '../contract/dataset.js'
import type { Job } from '../contract/job.js'
import { Problem } from '../contract/problems.js'
import { builtIn } from '../datasets/built-ins.js'
import { generatedSize } from '../datasets/generated.js'
import { PackedRows, packRows } from '../datasets/packed-rows.js'
import { findClassColumn, type RowSplit } from '../datasets/split-rows.js'
import { rowsPerChunk, type Table } from '../datasets/table.js'
import type { DatasetStore } from './ports/datasets.js'
import type { PredictorPool } from './ports/predictor-pool.js'

/** Maximum number of cached rows, 4 bytes each. */
const maximumHeldRows = 10_000_000

export class JobSplits {
  readonly #predictors: Pick<PredictorPool, 'split'>
  /** By job. The spec and dataset of a job do not change. */
  readonly #held = new LRUCache<string, Promise<RowSplit>>({ maxSize: maximumHeldRows })

  constructor(predictors: Pick<PredictorPool, 'split'>) {
    this.#predictors = predictors
  }

  /** @throws Problem `not-found` if the dataset was deleted */
  async of({ id, spec }: Job, datasets: Pick<DatasetStore, 'get' | 'rows'>): Promise<RowSplit> {
    const cached = this.#held.get(id)
    if (cached !== undefined) return cached
    const table = await readClasses(datasets, spec)
    const split = this.#predictors.split(spec, table)
    const rows = 'chunks' in table ? table.rows : generatedSize(table).rows
    this.#held.set(id, split, { size: rows })
    split.catch(() => this.#held.delete(id))
    return split
  }
}

/** The values that the split depends on: those of the class column, or none. */
async function readClasses(
  datasets: Pick<DatasetStore, 'get' | 'rows'>,
  { dataset, split, loss }: Job['spec'],
): Promise<Table | GeneratedDataset> {
  if (typeof dataset !== 'string') return dataset
  const table = builtIn(dataset)
  if (table !== undefined) return { columns: table.columns, rows: table.rows, chunks: table.chunks }
  const found = await datasets.get(dataset)
  if (found === null) throw missing(dataset)
  const { columns, rows } = found
  const place = split === 'stratified' ? findClassColumn(columns, loss) : null
  return place === null
    ? { columns, rows, chunks: [] }
    : readColumn(datasets, dataset, { rows, place, width: columns.length })
}

async function readColumn(
  datasets: Pick<DatasetStore, 'rows'>,
  id: string,
  { rows, place, width }: { rows: number; place: number; width: number },
): Promise<Table> {
  const table: Table = { columns: [], rows, chunks: [] }
  for (let first = 0; first < rows; ) {
    const slice = await datasets.rows(id, first, rowsPerChunk(width))
    if (slice === null || slice.chunks.length === 0) throw missing(id)
    table.columns = [slice.columns[place]]
    first = slice.first
    for (const bytes of slice.chunks) {
      const packed = new PackedRows(bytes)
      const values = new Float64Array(packed.rows)
      packed.read(place, values)
      table.chunks.push(packRows([values], packed.rows))
      first += packed.rows
    }
  }
  return table
}

const missing = (id: string) => new Problem('not-found', `There is no dataset ${id}.`)
