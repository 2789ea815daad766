/** Reads rows of a dataset, or one picture. */
import type { Cell, Column, DatasetRows, GeneratedDataset, ImageFormat } from '../contract/dataset.js'
import { isDivided } from '../contract/folds.js'
import { Problem } from '../contract/problems.js'
import { builtIn } from '../datasets/built-ins.js'
import { generatedSize } from '../datasets/generated.js'
import { encodePng } from '../datasets/png.js'
import { readPixels, readRows, readRowsAt } from '../datasets/preview.js'
import type { RowSplit } from '../datasets/split-rows.js'
import type { GeneratedReader } from './generated-data.js'
import type { JobSplits } from './job-splits.js'
import type { Actor } from './ports/audit.js'
import type { DatasetStore, TableSlice } from './ports/datasets.js'
import type { JobStore } from './ports/jobs.js'

/** Maximum number of cells in an answer. Wide datasets return fewer rows. */
const maximumCells = 100_000
/** Maximum number of characters of the texts in an answer, which the event loop serializes. */
const maximumCharacters = 1_048_576

/** @throws Problem `not-found` */
export async function datasetRows(
  { datasets, generated }: RowSources,
  dataset: string | GeneratedDataset,
  offset: number,
  limit: number,
): Promise<DatasetRows> {
  if (typeof dataset !== 'string') return rowsOfGenerated(generated, dataset, offset, limit)
  const slice = await readSlice(datasets, dataset, offset, limit)
  const data = readRows(slice, offset, rowsAtOnce(slice, limit))
  const numbers = data.map((_, index) => offset + index)
  return page(slice.columns, { offset, numbers, data }, slice.rows)
}

export interface RowSources {
  datasets: Pick<DatasetStore, 'get' | 'rows'>
  generated: GeneratedReader
}

async function rowsOfGenerated(
  generated: RowSources['generated'],
  dataset: GeneratedDataset,
  offset: number,
  limit: number,
): Promise<DatasetRows> {
  const { rows, names } = generatedSize(dataset)
  const count = Math.max(0, Math.min(limit, rows - offset))
  const numbers = Array.from({ length: count }, (_, index) => offset + index)
  const data = await generated.rows(dataset, numbers)
  return { object: 'rows', columns: names, offset, numbers, data, hasMore: offset + count < rows }
}

function page(
  columns: readonly Pick<Column, 'name' | 'type'>[],
  rows: Pick<DatasetRows, 'offset' | 'numbers' | 'data'>,
  available: number,
): DatasetRows {
  const names = columns.flatMap(({ name, type }) => (type === 'ignored' ? [] : [name]))
  return { object: 'rows', columns: names, ...rows, hasMore: rows.offset + rows.data.length < available }
}

/** Maximum number of rows of an answer, also if every cell has the longest text of its column. */
export function rowsAtOnce({ columns }: Pick<TableSlice, 'columns'>, limit: number): number {
  const characters = columns.reduce((sum, { type, categories = [] }) => {
    if (type !== 'category') return sum
    return sum + categories.reduce((longest, { length }) => Math.max(longest, length), 0)
  }, 0)
  const most = Math.min(maximumCells / columns.length, maximumCharacters / Math.max(1, characters))
  return Math.min(limit, Math.max(1, Math.floor(most)))
}

async function readSlice(
  datasets: Pick<DatasetStore, 'get' | 'rows'>,
  dataset: string,
  offset: number,
  limit: number,
): Promise<TableSlice> {
  const table = builtIn(dataset)
  if (table !== undefined) return { ...table, first: 0 }
  const found = await datasets.get(dataset)
  const slice = found === null ? null : await datasets.rows(dataset, offset, rowsAtOnce(found, limit))
  if (slice === null) throw missing(dataset)
  return slice
}

interface Stores extends RowSources {
  jobs: Pick<JobStore, 'get'>
}

interface JobRowsRequest {
  offset: number
  limit: number
  split?: keyof RowSplit | undefined
}

/**
 * Reads rows of the dataset of a job, also of inline rows and generated datasets. `split` selects the training,
 * validation or test rows. With a validation dataset, the validation rows are its rows.
 * @throws Problem `not-found`
 */
export async function jobRows(
  { jobs, ...sources }: Stores,
  splits: JobSplits,
  jobId: string,
  { offset, limit, split }: JobRowsRequest,
): Promise<DatasetRows> {
  const job = await jobs.get(jobId)
  if (job === null) throw new Problem('not-found', `There is no job ${jobId}.`)
  const { dataset, validationDataset } = job.spec
  if (split === 'validation' && validationDataset !== undefined) {
    return datasetRows(sources, validationDataset, offset, limit)
  }
  const trainsAll = !isDivided(job.spec)
  if (split === undefined || (split === 'training' && trainsAll)) {
    return datasetRows(sources, dataset, offset, limit)
  }
  const chosen = trainsAll ? new Int32Array(0) : (await splits.of(job, sources.datasets))[split]
  const columns = await readColumns(sources, dataset)
  const numbers = [...chosen.subarray(offset, offset + rowsAtOnce({ columns }, limit))]
  const data = await rowsAt(sources, dataset, numbers)
  return page(columns, { offset, numbers, data }, chosen.length)
}

/** The rows at these ascending indices, read chunk by chunk. */
async function rowsAt(
  { datasets, generated }: RowSources,
  dataset: string | GeneratedDataset,
  numbers: readonly number[],
): Promise<Cell[][]> {
  if (typeof dataset !== 'string') return generated.rows(dataset, numbers)
  const rows: Cell[][] = []
  while (rows.length < numbers.length) {
    const rest = numbers.slice(rows.length)
    const found = readRowsAt(await readSlice(datasets, dataset, rest[0], 1), rest)
    if (found.length === 0) throw missing(dataset)
    rows.push(...found)
  }
  return rows
}

async function readColumns(
  { datasets, generated }: RowSources,
  dataset: string | GeneratedDataset,
): Promise<Column[]> {
  const description =
    typeof dataset === 'string' ? await readSlice(datasets, dataset, 0, 0) : await generated.describe(dataset)
  return description.columns
}

/**
 * Row `row`, from 0, as a PNG.
 * @throws Problem `not-found`
 */
export async function datasetPicture(
  datasets: Pick<DatasetStore, 'get' | 'rows'>,
  id: string,
  row: number,
): Promise<Buffer> {
  const image = await readImageFormat(datasets, id)
  const slice = await datasets.rows(id, row, 1)
  const pixels = slice === null ? null : readPixels(slice, image, row)
  if (pixels === null) throw new Problem('not-found', `There is no row ${row} in dataset ${id}.`)
  return encodePng(pixels, image)
}

async function readImageFormat(datasets: Pick<DatasetStore, 'get'>, id: string): Promise<ImageFormat> {
  const dataset = builtIn(id) === undefined ? await datasets.get(id) : { image: null }
  if (dataset === null) throw missing(id)
  if (dataset.image === null) throw new Problem('not-found', `The rows of dataset ${id} are not pictures.`)
  return dataset.image
}

/** @throws Problem `not-found` or `dataset-in-use` */
export async function deleteDataset(
  datasets: Pick<DatasetStore, 'delete'>,
  id: string,
  actor: Actor,
): Promise<void> {
  if (builtIn(id) !== undefined) {
    throw new Problem('dataset-in-use', `${id} is built in, so it cannot be deleted.`)
  }
  const outcome = await datasets.delete(id, actor)
  switch (outcome) {
    case 'deleted':
      return
    case 'missing':
      throw missing(id)
    case 'used':
      throw new Problem(
        'dataset-in-use',
        `An unfinished job uses dataset ${id}: cancel it, or wait until it ends.`,
      )
    default:
      outcome satisfies never
  }
}

const missing = (id: string) => new Problem('not-found', `There is no dataset ${id}.`)
