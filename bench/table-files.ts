/** The tables in bench/tables: their rows as the files hold them, divided as bench/tables/README.md says. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { projectFolder } from '../examples/service.js'

const folder = join(projectFolder, 'bench', 'tables')

const tableSchema = z.object({ file: z.string(), target: z.string(), task: z.enum(['classes', 'number']) })
export type TableEntry = z.infer<typeof tableSchema>

const figuresSchema = z.object({
  accuracy: z.number().optional(),
  mostFrequent: z.number().optional(),
  auc: z.number().optional(),
  r2: z.number().optional(),
})
export type Figures = z.infer<typeof figuresSchema>

export const splits = [1, 2, 3, 4, 5]

export const tables: readonly TableEntry[] = z.array(tableSchema).parse(readJson('tables.json'))

/** scikit-learn's figures, a run a split. */
export const baselines = z
  .object({ tables: z.record(z.string(), z.array(figuresSchema)) })
  .parse(readJson('baseline.json')).tables

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'))
}

type Cell = string | number | boolean | null
/** Cells by the name of their column; those of a CSV file are its texts. */
export type Row = Record<string, Cell>

export interface DividedTable {
  /** The rows to train on, as a file of the table's own format. */
  upload: Buffer
  trainingRows: Row[]
  heldOut: Row[]
}

const cellSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])
const rowsSchema = z.array(z.record(z.string(), cellSchema))

export function divide({ file }: TableEntry, split: number): DividedTable {
  const text = readFileSync(join(folder, file), 'utf8')
  const isJson = file.endsWith('.json')
  const rows = rowsSchema.parse(isJson ? JSON.parse(text) : parse(text, { columns: true }))
  const out = heldOutRows(rows.length, split)
  const trainingRows = rows.filter((_, row) => !out.has(row))
  const heldOut = rows.filter((_, row) => out.has(row))
  const upload = isJson ? JSON.stringify(trainingRows, null, 2) : linesWithout(text, out)
  return { upload: Buffer.from(upload), trainingRows, heldOut }
}

function heldOutRows(rows: number, split: number): ReadonlySet<number> {
  const keyed = Array.from({ length: rows }, (_, row) => {
    return { row, key: createHash('sha256').update(`${split}:${row}`).digest('hex') }
  })
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1))
  return new Set(keyed.slice(0, Math.floor(rows / 4)).map(({ row }) => row))
}

/** The file with its lines as they are; no cell of these files holds a line break. */
function linesWithout(text: string, rows: ReadonlySet<number>): string {
  const lines = text.split('\n')
  return lines.filter((_, line) => !rows.has(line - 1)).join('\n')
}
