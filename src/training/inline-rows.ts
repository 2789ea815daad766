/** The rows of a request as a table. For a large request, the thread that parsed it has made the table. */
import type { InlineDataset } from '../contract/job.js'
import { Problem } from '../contract/problems.js'
import { tableFromInline } from '../datasets/inline.js'
import { DatasetError, type Table } from '../datasets/table.js'

export type { Table }

const made = new WeakMap<InlineDataset, Table>()

/** A dataset without rows, which stands for the table. */
export function standInFor(table: Table): InlineDataset {
  const dataset = { x: [], y: [] }
  made.set(dataset, table)
  return dataset
}

/** @throws Problem naming the place in the request */
export function tableOfRows(dataset: InlineDataset): Table {
  const known = made.get(dataset)
  if (known !== undefined) return known
  try {
    return tableFromInline(dataset)
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error
    const pointer = `/dataset${error.pointer ?? ''}`
    throw new Problem(error.code, error.message, [{ pointer, message: error.message }])
  }
}
