import type { Dataset, Scaling } from '../../contract/dataset.js'
import type { Prepared } from '../../datasets/prepare.js'
import type { Table } from '../../datasets/table.js'
import type { Actor } from './audit.js'
import type { ListPage, Page } from './pages.js'
import type { Tenanted } from './tenants.js'

export type { Prepared }

export interface NewDataset {
  id: string
  name: string | null
  origin: 'uploaded' | 'inline'
  /** The scaling of jobs without one. */
  scaling: Scaling
  /** The rows, then their description. An exception is thrown again by `create`, and nothing is stored. */
  pieces: AsyncIterable<Prepared> | Iterable<Prepared>
}

/** Consecutive rows of a table, starting at row `first`. */
export interface TableSlice extends Table {
  first: number
}

/** The datasets of one tenant. */
export interface DatasetStore {
  /** One transaction, with one piece in memory at a time. @throws Problem `too-much-stored` */
  create(dataset: NewDataset): Promise<Dataset>
  get(id: string): Promise<Dataset | null>
  /** Uploaded datasets, newest first. */
  list(page: ListPage): Promise<Page<Dataset>>
  /**
   * The chunks that contain rows first … first + count − 1. `rows` is the number of rows of the dataset.
   * @throws Problem `integrity` if a chunk is missing or damaged
   */
  rows(id: string, first: number, count: number): Promise<TableSlice | null>
  /** `used`: an unfinished job reads the dataset. */
  delete(id: string, actor?: Actor | null): Promise<'deleted' | 'used' | 'missing'>
}

/** The datasets of all tenants. */
export interface AllDatasets extends Tenanted<DatasetStore>, Pick<DatasetStore, 'get'> {
  /** @throws Problem `integrity` if a chunk is missing or damaged */
  table(id: string): Promise<Table | null>
}
