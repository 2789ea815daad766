/** Reads a CSV upload, of any size, as it arrives. */
import { pipeline } from 'node:stream/promises'
import { CsvError, parse } from 'csv-parse'
import { checkedBytes } from './checked-bytes.js'
import { type CsvLimits, CsvRows } from './csv-rows.js'
import { DatasetError, type Table } from './table.js'

export type { CsvLimits } from './csv-rows.js'

/**
 * Bytes one line may have: room for every number written out and for some long names, but not for a line of
 * nothing but commas, whose cells would take far more memory than the line.
 */
function lineLimit({ maximumColumns, maximumCellLength }: CsvLimits): number {
  return 64 * maximumColumns + 8 * maximumCellLength
}

/**
 * Reads UTF-8 text with a header line, commas between cells and optional quotes (RFC 4180); blank lines and
 * spaces around cells do not count. Features are numbers; the target (the column of that name, else the last) is
 * a number, or a category when its cells are words. Memory grows with the numbers, not with the text.
 * @throws DatasetError naming line and column, or the limit that was passed; errors of the source pass through
 */
export async function readCsv(
  source: AsyncIterable<Uint8Array>,
  { target, limits }: { target?: string; limits: CsvLimits },
): Promise<Table> {
  const rows = new CsvRows(target, limits)
  const maximumLineBytes = lineLimit(limits)
  const firstLineOf = firstLines()
  const parser = parse({
    bom: true,
    trim: true,
    skip_empty_lines: true,
    // Counted in CsvRows, which can name what is wrong.
    relax_column_count: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    // Stops a quote that is never closed from collecting the whole file.
    max_record_size: maximumLineBytes,
    on_record: (cells: string[], { lines }) => {
      rows.take(cells, firstLineOf(cells, lines))
      return null
    },
  })
  try {
    const checked = checkedBytes(source, { maximumBytes: limits.maximumBytes, maximumLineBytes })
    await pipeline(checked, parser, drain)
  } catch (error) {
    throw error instanceof CsvError ? new DatasetError(...inWords(error, maximumLineBytes)) : error
  }
  return rows.finish()
}

/**
 * The line a row begins on, from the line csv-parse says it ends on; of breaks within quotes csv-parse counts
 * CR LF as two.
 */
function firstLines(): (cells: readonly string[], lastLine: number) => number {
  let previous = 0
  let countedTwice = 0
  return (cells, lastLine) => {
    // Most rows take one line; only the others are searched for breaks.
    const breaks = lastLine - previous > 1 ? (cells.join().match(/\r\n|\r|\n/g) ?? []) : []
    previous = lastLine
    countedTwice += breaks.filter((text) => text.length === 2).length
    return lastLine - countedTwice - breaks.length
  }
}

/** The rows were taken on their way; only the end is waited for. */
async function drain(records: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of records);
}

function inWords(error: CsvError, maximumLineBytes: number): ConstructorParameters<typeof DatasetError> {
  const line = `line ${error.lines}`
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return ['invalid-dataset', `${line}: the file ends inside a quoted cell`]
    case 'CSV_INVALID_CLOSING_QUOTE':
    case 'CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE':
      return ['invalid-dataset', `${line}: only a comma or the end of the line may follow a closing quote`]
    case 'INVALID_OPENING_QUOTE':
      return ['invalid-dataset', `${line}: a quote stands inside a cell that does not begin with one`]
    case 'CSV_MAX_RECORD_SIZE':
      return [
        'dataset-too-large',
        `${line}: a row is longer than ${maximumLineBytes} bytes, the most allowed; perhaps a quote was not closed`,
      ]
    default:
      return ['invalid-dataset', `${line}: ${error.message}`]
  }
}
