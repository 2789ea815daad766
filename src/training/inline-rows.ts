/** Turns inline rows into a table. For a large request, the request thread has already done so. */
import type { InlineDataset } from '../contract/job-request.js'
import { Problem } from '../contract/problems.js'
import { tableFromInline } from '../datasets/inline.js'
import { DatasetError, type Table } from '../datasets/table.js'

export type { Table }

const tables = new WeakMap<InlineDataset, Table>()

/** An empty dataset that stands for the table: `tableOfRows` returns it. */
export function standInFor(table: Table): InlineDataset {
  const dataset = { x: [], y: [] }
  tables.set(dataset, table)
  return dataset
}

/** @throws Problem with the pointer of the wrong value in the request */
export function tableOfRows(dataset: InlineDataset): Table {
  const cached = tables.get(dataset)
  if (cached !== undefined) return cached
  try {
    return tableFromInline(dataset)
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error
    const pointer = `/dataset${error.pointer ?? ''}`
    throw new Problem(error.code, error.message, [{ pointer, message: error.message }])
  }
}
