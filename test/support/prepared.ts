/** Batches in the form that readers yield, and the prepared dataset. */
import type { Cell } from '../../src/contract/dataset.js'
import { defaultPreparation, type Preparation } from '../../src/contract/preparation.js'
import { type Prepared, type PreparedDataset, prepare } from '../../src/datasets/prepare.js'
import { readRows } from '../../src/datasets/preview.js'
import type { Cells, Read, ReadOptions, Source } from '../../src/datasets/reading/batch.js'
import { newId } from '../../src/training/new-id.js'
import type { NewDataset } from '../../src/training/ports/datasets.js'

/** Columns by name; each of their batches is texts or numbers. */
export type Columns = Record<string, (string[] | number[])[]>

/** As a file with these columns is read; a column wanted as text comes as text. */
export function reading(
  columns: Columns,
  source: Partial<Source> = {},
  onRead?: (options?: ReadOptions) => void,
): Read {
  const names = Object.keys(columns)
  return async function* (options) {
    onRead?.(options)
    yield { type: 'source', source: { columns: names.map((name) => ({ name })), warnings: [], ...source } }
    const batches = columns[names[0]].length
    let line = 2
    for (let batch = 0; batch < batches; batch++) {
      const cells = names.map((name, index): Cells => {
        const values = columns[name][batch]
        const asText = options?.columns?.get(names[index]) === 'text'
        if (values.every((value) => typeof value === 'number') && !asText) {
          return { type: 'number', values: Float64Array.from(values) }
        }
        return { type: 'text', cells: values.map(String) }
      })
      const rows = columns[names[0]][batch].length
      const lines = Int32Array.from({ length: rows }, () => line++)
      yield { type: 'batch', batch: { rows, columns: cells, lines } }
    }
  }
}

export interface Stored extends PreparedDataset {
  data: Cell[][]
  chunks: Uint8Array[]
}

export async function prepared(read: Read, preparation: Partial<Preparation> = {}): Promise<Stored> {
  const chunks: Uint8Array[] = []
  for await (const piece of prepare(read, { ...defaultPreparation, ...preparation })) {
    if (piece.type === 'rows') chunks.push(piece.bytes)
    else
      return { ...piece.dataset, chunks, data: readRows({ ...piece.dataset, chunks }, 0, piece.dataset.rows) }
  }
  throw new Error('preparing did not end')
}

/** What an upload of these columns would store. */
export function uploadFrom(read: Read, preparation: Partial<Preparation> = {}): NewDataset {
  const pieces: AsyncIterable<Prepared> = prepare(read, { ...defaultPreparation, ...preparation })
  return { id: newId('dataset'), name: null, origin: 'uploaded', scaling: 'standardize', pieces }
}
