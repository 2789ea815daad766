/** Describes the dataset of a job: built-in, stored, generated, or rows of the request. */

import { ContentHash } from '../base/content-hash.js'
import { didYouMean } from '../base/similar-names.js'
import {
  type Column,
  type GeneratedDataset,
  type ImageFormat,
  inputWidth,
  type Scaling,
} from '../contract/dataset.js'
import { idPrefixes } from '../contract/ids.js'
import type { InlineDataset, JobRequest } from '../contract/job-request.js'
import { Problem } from '../contract/problems.js'
import { type BuiltIn, builtIn, builtInNames } from '../datasets/built-ins.js'
import { checkValidationColumns } from '../datasets/compatibility.js'
import { type Prepared, preparedTable } from '../datasets/prepare.js'
import { DatasetError } from '../datasets/table.js'
import type { GeneratedReader } from './generated-data.js'
import { tableOfRows } from './inline-rows.js'
import { newId } from './new-id.js'
import type { DatasetStore, NewDataset } from './ports/datasets.js'

export interface DataDescription {
  /** The name in the spec. */
  name: string | GeneratedDataset
  origin: 'builtIn' | 'uploaded' | 'inline'
  columns: Column[]
  rows: number
  datasetId: string | null
  inputShape: number[]
  /** Null unless each row is a picture. */
  image: ImageFormat | null
  scaling: Scaling
  /** Null unless the request contains the rows. They are stored with the job. */
  inline: NewDataset | null
  /** Whether the rows are all that exist, such as those of a Boolean function. */
  isTruthTable: boolean
  /** The hash of rows and columns; null for built-ins and for datasets of earlier releases. */
  contentHash(): string | null
}

interface DataSources {
  datasets: Pick<DatasetStore, 'get'>
  generated: Pick<GeneratedReader, 'describe'>
}

/** Built-ins and inline rows with at most this many rows are the whole population, not a sample. */
const rowsOfTruthTable = 20

/**
 * @param field the field of the request that has the dataset
 * @throws Problem if there is no such dataset, or the rows are no table
 */
export async function findData(
  { datasets, generated }: DataSources,
  dataset: string | InlineDataset | GeneratedDataset,
  field: string,
): Promise<DataDescription> {
  if (typeof dataset !== 'string') {
    if ('x' in dataset) return inlineData(dataset)
    return builtInData(dataset, { ...(await generated.describe(dataset)), scaling: 'none' })
  }
  const table = builtIn(dataset)
  if (table !== undefined) return builtInData(dataset, table)
  const stored = await datasets.get(dataset)
  if (stored !== null) {
    return {
      ...stored,
      name: stored.id,
      datasetId: stored.id,
      inline: null,
      isTruthTable: false,
      contentHash: () => stored.sha256,
    }
  }
  const names = builtInNames.join(', ')
  const meant = didYouMean(dataset, builtInNames)
  const message = `There is no dataset "${dataset}": the built-ins are ${names}, uploads begin with ${idPrefixes.dataset}${meant}`
  throw new Problem('invalid-spec', message, [{ pointer: `/${field}`, message: `does not exist${meant}` }])
}

function inlineData(dataset: InlineDataset): DataDescription {
  const table = tableOfRows(dataset)
  const { columns, rows } = table
  const id = newId('dataset')
  const origin = 'inline'
  const scaling = 'none'
  return {
    ...{ name: id, datasetId: id, origin, columns, rows, scaling, image: null },
    inputShape: [inputWidth(columns)],
    inline: { id, name: null, origin, scaling, pieces: preparedTable(table) },
    isTruthTable: rows < rowsOfTruthTable,
    contentHash: () => hashPieces(preparedTable(table)),
  }
}

/** The hash that the stored dataset will have. */
function hashPieces(pieces: readonly Prepared[]): string {
  const hash = new ContentHash()
  for (const piece of pieces) {
    if (piece.type === 'end') return hash.end(piece.dataset)
    hash.addRows(piece.bytes)
  }
  throw new Error('the rows of a dataset ended without a description')
}

function builtInData(
  name: DataDescription['name'],
  { columns, rows, scaling }: Omit<BuiltIn, 'chunks'>,
): DataDescription {
  const isWholeParity = typeof name !== 'string' && name.name === 'parity' && name.rows === undefined
  return {
    ...{ name, datasetId: null, origin: 'builtIn', columns, rows, scaling, image: null },
    inputShape: [inputWidth(columns)],
    inline: null,
    isTruthTable: rows < rowsOfTruthTable || isWholeParity,
    contentHash: () => null,
  }
}

/**
 * The validation dataset; null if the request has none.
 * @throws Problem if its columns do not match those of the training dataset
 */
export async function findValidation(
  sources: DataSources,
  { validationDataset, validationSplit = 0 }: JobRequest,
  training: DataDescription,
): Promise<DataDescription | null> {
  if (validationDataset === undefined) return null
  const pointer = '/validationDataset'
  if (validationSplit > 0) {
    throw new Problem('invalid-spec', 'Use validationSplit or validationDataset, not both.', [
      { pointer, message: 'cannot be combined with validationSplit' },
    ])
  }
  const data = await findData(sources, validationDataset, 'validationDataset')
  try {
    checkValidationColumns(training.columns, data.columns, likeName(training))
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error
    throw new Problem('invalid-spec', error.message, [{ pointer, message: error.message }])
  }
  return data
}

/** The dataset or model whose column types a file is read with. */
function likeName({ name, datasetId, origin }: DataDescription): string | undefined {
  return datasetId ?? (origin === 'builtIn' && typeof name === 'string' ? name : undefined)
}
