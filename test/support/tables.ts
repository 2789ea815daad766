/** Tables as numbers, and as what the store takes. */
import type { DatasetRows } from '../../src/contract/dataset.js'
import { preparedTable } from '../../src/datasets/prepare.js'
import { iterateChunks, type Table } from '../../src/datasets/table.js'
import { newId } from '../../src/training/new-id.js'
import type { NewDataset } from '../../src/training/ports/datasets.js'

/** Rows × columns, row-major: categories as their codes, missing values as NaN. */
export function valuesOf(table: Pick<Table, 'columns' | 'rows' | 'chunks'>): Float64Array {
  const width = table.columns.length
  const values = new Float64Array(table.rows * width)
  for (const { first, packed } of iterateChunks(table)) {
    for (let row = 0; row < packed.rows; row++) {
      for (let index = 0; index < width; index++)
        values[(first + row) * width + index] = packed.at(row, index)
    }
  }
  return values
}

export function uploadOf(table: Table, changes: Partial<NewDataset> = {}): NewDataset {
  return {
    id: newId('dataset'),
    name: null,
    origin: 'uploaded',
    scaling: 'standardize',
    pieces: preparedTable(table),
    ...changes,
  }
}

/** The rows of an answer by the names of their columns. */
export function named({ columns, data }: DatasetRows): Record<string, unknown>[] {
  return data.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])))
}
