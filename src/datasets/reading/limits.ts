/** How much of a file from a stranger is read; every refusal names the limit, the demand and the setting. */
import { DatasetError } from '../table.js'

export interface ReadingLimits {
  /** What gzip, ZIP and Parquet unpack to. */
  unpackedBytes: number
  rows: number
  columns: number
  /** Of one row of text, line breaks within quotes included. */
  lineBytes: number
  /** In UTF-16 units. */
  cellLength: number
  /** Width × height of one picture as it was sent. */
  imagePixels: number
  archiveEntries: number
  /** For sending the file. */
  uploadSeconds: number
  /** For reading it. */
  readingSeconds: number
  /** Resident memory of the reading process. */
  memoryBytes: number
}

/** What each limit is called in the environment and in a sentence. */
const names = {
  unpackedBytes: ['MAXIMUM_UNPACKED_BYTES', 'bytes unpacked'],
  rows: ['MAXIMUM_DATASET_ROWS', 'rows'],
  columns: ['MAXIMUM_DATASET_COLUMNS', 'columns'],
  lineBytes: ['MAXIMUM_LINE_BYTES', 'bytes a line'],
  cellLength: ['MAXIMUM_CELL_LENGTH', 'characters a cell'],
  imagePixels: ['MAXIMUM_IMAGE_PIXELS', 'pixels a picture'],
  archiveEntries: ['MAXIMUM_ARCHIVE_ENTRIES', 'files in an archive'],
  uploadSeconds: ['MAXIMUM_UPLOAD_SECONDS', 'seconds for sending a file'],
  readingSeconds: ['MAXIMUM_READING_SECONDS', 'seconds for reading a file'],
  memoryBytes: ['MAXIMUM_READING_MEMORY_BYTES', 'bytes of memory for reading a file'],
} as const satisfies Record<keyof ReadingLimits, readonly [setting: string, unit: string]>

/** `demand` is a clause: "line 7 is longer". */
export function beyond<Limit extends keyof ReadingLimits>(
  limits: Pick<ReadingLimits, Limit>,
  limit: Limit,
  demand: string,
): DatasetError {
  const [setting, unit] = names[limit]
  return new DatasetError(
    'dataset-too-large',
    `${demand}; the limit is ${limits[limit]} ${unit} (${setting})`,
  )
}

export const invalid = (message: string) => new DatasetError('invalid-dataset', message)

const longestShown = 40

/** A text from the file, quoted and cut, so that no message grows with the file. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text)
}
