import type { Dataset } from '../contract/dataset.js'
import { Problem } from '../contract/problems.js'
import { readCsv } from '../datasets/csv.js'
import { piecesOf } from '../datasets/prepare.js'
import { DatasetError } from '../datasets/table.js'
import { newId } from './new-id.js'
import type { DatasetStore } from './ports.js'

const maximumColumns = 10_000
const maximumRows = 10_000_000
const maximumCellLength = 10_000

export interface Upload {
  body: AsyncIterable<Uint8Array>
  name: string | undefined
  /** The column to predict; the last one when left out. */
  target: string | undefined
  maximumBytes: number
}

/** Reads a CSV as it arrives and stores it. Throws Problem `invalid-dataset` or `dataset-too-large` naming the place. */
export async function upload(datasets: Pick<DatasetStore, 'create'>, request: Upload): Promise<Dataset> {
  const { body, name, target, maximumBytes } = request
  try {
    const limits = { maximumRows, maximumColumns, maximumBytes, maximumCellLength }
    const table = await readCsv(body, { target, limits })
    return await datasets.create({
      id: newId('dataset'),
      name: name ?? null,
      origin: 'uploaded',
      scaling: 'standardize',
      pieces: piecesOf(table),
    })
  } catch (error) {
    if (error instanceof DatasetError) throw new Problem(error.code, error.message)
    throw error
  }
}
