/**
 * The result of reading a file of any format: first its columns, then their cells, batch by batch.
 *
 * Reading and preparing (types, missing values, statistics, coding) run in the reading process, which can be
 * killed. Its output is ready for storage, so that the API process computes nothing.
 */

/** The cells of one column in a batch. A missing value is NaN or "". */
export type Cells =
  | { type: 'number'; values: Float64Array }
  | { type: 'text'; cells: string[] }
  /** A skipped column, whose cells are not validated. */
  | { type: 'skipped'; rows: number }

/** A few thousand rows. A column may have numbers in one batch and texts in another. */
export interface Batch {
  rows: number
  /** In the order of the source's columns. */
  columns: Cells[]
  /** The line number of each row in a text file, for messages. */
  lines?: Int32Array
}

export interface SourceColumn {
  name: string
  /** The role by the format: separate labels are the target, columns without a name are features. */
  suggestedRole?: 'target' | 'feature'
  /** The type by the format: labels of IDX files and image folders are classes even if they are numbers. */
  suggestedType?: 'category' | 'number'
}

export interface Source {
  columns: SourceColumn[]
  /**
   * [channels, height, width] of images, or the dimensions of an array after the rows if there are several.
   */
  inputShape?: number[]
  /** Present if the features are the pixels of an image, from 0 to 255, channels first. */
  image?: { width: number; height: number; channels: 1 | 3 }
  /** Whether the format has the type of every column, so that the cells need no survey. */
  isTyped?: boolean
  /** Messages about assumptions and omissions. */
  warnings: string[]
}

/** One source, then batches. */
export type Piece = { type: 'source'; source: Source } | { type: 'batch'; batch: Batch }

/**
 * How to read the cells of a column. `infer`: as numbers if every cell of the batch is a number or empty,
 * else as text. Integers beyond 2^53 are text. `decimalComma`: like `infer`, but 1.234,5 is the number
 * 1234.5. `text`: as written, so that 007 is not 7. `skip`: not at all, without validation.
 */
export type ColumnReading = 'infer' | 'decimalComma' | 'text' | 'skip'

export interface ReadOptions {
  /** By column name, default `infer`. All formats implement it. */
  columns?: ReadonlyMap<string, ColumnReading>
}

/** Reads a file from the start. May be called again with other options. */
export type Read = (options?: ReadOptions) => AsyncIterable<Piece>
