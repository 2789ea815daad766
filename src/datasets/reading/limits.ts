/** Limits on reading untrusted files. Each error has the value, the limit and the setting. */
import { DatasetError } from '../table.js'

export interface ReadingLimits {
  /** Unpacked size of gzip, ZIP and Parquet. */
  unpackedBytes: number
  rows: number
  columns: number
  /** Size of a row of text, including line breaks in quotes. */
  lineBytes: number
  /** In UTF-16 units. */
  cellLength: number
  /** Width × height of an image as sent. */
  imagePixels: number
  archiveEntries: number
  /** Time to send a file. */
  uploadSeconds: number
  /** Time to read a file. */
  readingSeconds: number
  /** Resident memory of the reading process. */
  memoryBytes: number
}

/** The environment variable of each limit, and its unit in messages. */
const names = {
  unpackedBytes: ['MAXIMUM_UNPACKED_BYTES', 'bytes unpacked'],
  rows: ['MAXIMUM_DATASET_ROWS', 'rows'],
  columns: ['MAXIMUM_DATASET_COLUMNS', 'columns'],
  lineBytes: ['MAXIMUM_LINE_BYTES', 'bytes per line'],
  cellLength: ['MAXIMUM_CELL_LENGTH', 'characters per cell'],
  imagePixels: ['MAXIMUM_IMAGE_PIXELS', 'pixels per image'],
  archiveEntries: ['MAXIMUM_ARCHIVE_ENTRIES', 'files in an archive'],
  uploadSeconds: ['MAXIMUM_UPLOAD_SECONDS', 'seconds to send a file'],
  readingSeconds: ['MAXIMUM_READING_SECONDS', 'seconds to read a file'],
  memoryBytes: ['MAXIMUM_READING_MEMORY_BYTES', 'bytes of memory to read a file'],
} as const satisfies Record<keyof ReadingLimits, readonly [setting: string, unit: string]>

/**
 * The error for an exceeded limit.
 * @param finding a clause such as "line 7 has 10000 bytes"
 */
export function limitExceeded<Limit extends keyof ReadingLimits>(
  limits: Pick<ReadingLimits, Limit>,
  limit: Limit,
  finding: string,
): DatasetError {
  const [setting, unit] = names[limit]
  return new DatasetError(
    'dataset-too-large',
    `${finding}; the limit is ${limits[limit]} ${unit} (${setting})`,
  )
}

export const invalid = (message: string) => new DatasetError('invalid-dataset', message)

const longestShown = 40

/** Quotes and truncates a text of a file for a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text)
}
