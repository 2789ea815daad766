/**
 * What reading hands on: whatever the format of the file, first what its columns are, then their cells, batch by batch.
 *
 * Reading and preparing (types, missing values, statistics, coding) both run in the reading process, which can be
 * killed; what leaves that process is ready to be stored, so that the event loop of the API computes nothing.
 */

/** One column's cells of a batch, as the source gave them. Missing is NaN among numbers and "" among texts. */
export type Cells =
  | { type: 'number'; values: Float64Array }
  | { type: 'text'; cells: string[] }
  /** Of a column that nobody wants: its cells were not checked. */
  | { type: 'skipped'; rows: number }

/** Some thousand rows. A column may hold numbers in one batch and texts in another. */
export interface Batch {
  rows: number
  /** In the order of the source's columns. */
  columns: Cells[]
  /** Where each row begins in a file of lines, for messages. */
  lines?: Int32Array
}

export interface SourceColumn {
  name: string
  /** What the format says: labels that stand apart from the data are the target; what a header has no name for is not. */
  suggestedRole?: 'target' | 'feature'
  /** Labels of IDX files and folders of images are classes, also where they are numbers. */
  suggestedType?: 'category' | 'number'
}

export interface Source {
  columns: SourceColumn[]
  /** Of images [channels, height, width], of arrays their dimensions behind the rows, when there is more than one. */
  inputShape?: number[]
  /** The features are the pixels of a picture, 0 to 255, channels first. */
  image?: { width: number; height: number; channels: 1 | 3 }
  /** Every column has its type from the format, so that nothing is found out by reading the cells. */
  isTyped?: boolean
  /** What was guessed or left out, in words. */
  warnings: string[]
}

/** The source first and once, then batches. */
export type Piece = { type: 'source'; source: Source } | { type: 'batch'; batch: Batch }

/**
 * How the cells of one column are to come. `infer`: as numbers in a batch where every cell is a number or empty, else
 * as text; an integer beyond 2^53 counts as text. `decimalComma`: the same, but 1.234,5 is the number 1234.5.
 * `text`: as written in the file, in every batch, so that 007 is no 7. `skip`: not at all, without any check.
 */
export type ColumnReading = 'infer' | 'decimalComma' | 'text' | 'skip'

export interface ReadOptions {
  /** By the name of the column; `infer` for those that are not named. Every format keeps to it. */
  columns?: ReadonlyMap<string, ColumnReading>
}

/** Reads from the beginning; may be called again, with other options, when the pieces showed the need. */
export type Read = (options?: ReadOptions) => AsyncIterable<Piece>
