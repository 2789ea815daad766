/** Reads files like the reading process, but in this process. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Cells, ReadOptions, Source } from '../../../src/datasets/reading/batch.js'
import type { ReadingLimits } from '../../../src/datasets/reading/limits.js'
import { type FormatOptions, openFiles } from '../../../src/datasets/reading/open-files.js'
import { readingLimits } from '../../support/reading.js'

interface WholeFile {
  source: Source
  rows: number
  /** Cells of each column; NaN among numbers is null. */
  columns: (number | string | null)[][]
  /** Kinds of the cells of each column, in the first batch. */
  types: string[]
  lines: number[]
}

export type Files = Record<string, string | Uint8Array>

export interface Reading {
  options?: FormatOptions
  limits?: Partial<ReadingLimits>
  reading?: ReadOptions
  contentType?: string
}

export async function readFiles(files: Files, request: Reading = {}): Promise<WholeFile> {
  const { options = {}, limits = {}, reading, contentType } = request
  const folder = await mkdtemp(path.join(tmpdir(), 'descent-test-'))
  try {
    const uploaded = []
    for (const [index, [name, content]] of Object.entries(files).entries()) {
      const place = path.join(folder, `file-${index}`)
      await writeFile(place, content)
      uploaded.push({ path: place, name, contentType })
    }
    const read = await openFiles(uploaded, folder, options, { ...readingLimits, ...limits })
    let whole: WholeFile | undefined
    for await (const piece of read(reading)) {
      if (piece.type === 'source') {
        const columns = piece.source.columns.map(() => [])
        whole = { source: piece.source, rows: 0, columns, types: [], lines: [] }
        continue
      }
      if (whole === undefined) throw new Error('a batch came before the source')
      whole.rows += piece.batch.rows
      whole.lines.push(...(piece.batch.lines ?? []))
      for (const [position, cells] of piece.batch.columns.entries()) {
        whole.types[position] ??= cells.type
        const values = valuesOf(cells)
        if (values.length !== piece.batch.rows)
          throw new Error(`column ${position} has another number of rows`)
        whole.columns[position].push(...values)
      }
    }
    if (whole === undefined) throw new Error('there was no source')
    return whole
  } finally {
    await rm(folder, { recursive: true })
  }
}

const orNull = (value: number) => (Number.isNaN(value) ? null : value)

/** The read cells by row. */
export function rowsOf({ columns, rows }: WholeFile): (number | string | null)[][] {
  return Array.from({ length: rows }, (_, row) => columns.map((cells) => cells[row]))
}

function valuesOf(cells: Cells): (string | number | null)[] {
  switch (cells.type) {
    case 'number':
      return Array.from(cells.values, orNull)
    case 'text':
      return cells.cells
    case 'skipped':
      return new Array<null>(cells.rows).fill(null)
  }
}
