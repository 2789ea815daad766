/** The formats that `POST /datasets` accepts, and the parameters that describe a file. */
import { z } from 'zod'
import { text } from './text.js'

export interface UploadFormat {
  /** Completes the sentence "it is …". */
  title: string
  /** Ends of file names, after a dot or a hyphen. */
  extensions: readonly string[]
  contentTypes: readonly string[]
}

export const uploadFormats = {
  delimited: {
    title: 'delimited text',
    extensions: ['csv', 'tsv', 'tab'],
    contentTypes: ['text/csv', 'text/tab-separated-values'],
  },
  jsonLines: {
    title: 'JSON',
    extensions: ['jsonl', 'ndjson', 'json'],
    contentTypes: ['application/jsonl', 'application/x-ndjson', 'application/json'],
  },
  parquet: {
    title: 'Parquet',
    extensions: ['parquet', 'pq'],
    contentTypes: ['application/vnd.apache.parquet'],
  },
  npy: { title: 'a NumPy array', extensions: ['npy'], contentTypes: ['application/x-npy'] },
  zip: {
    title: 'a ZIP archive',
    extensions: ['zip', 'npz'],
    contentTypes: ['application/zip', 'application/x-npz'],
  },
  idx: { title: 'IDX', extensions: ['idx', 'idx1-ubyte', 'idx3-ubyte'], contentTypes: ['application/x-idx'] },
  gzip: { title: 'gzip', extensions: ['gz'], contentTypes: ['application/gzip'] },
} as const satisfies Record<string, UploadFormat>

export type FormatName = keyof typeof uploadFormats
export const formatNames = z.enum(['delimited', 'jsonLines', 'parquet', 'npy', 'zip', 'idx', 'gzip'])
  .options satisfies FormatName[]

/** Names no format, which is then detected from the bytes. */
const genericContentType = 'application/octet-stream'

export const uploadContentTypes = [
  ...formatNames.flatMap((format) => [...uploadFormats[format].contentTypes]),
  genericContentType,
]

const pixels = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a whole number of at most five digits')
  .transform(Number)
  .pipe(z.int().min(1).max(10_000))

/** Parameters that replace the detection of how to read a file. */
export const formatParameters = {
  delimiter: z
    .enum(['comma', 'semicolon', 'tab', 'bar'])
    .optional()
    .describe('separator of the cells of delimited text; default: detected'),
  decimal: z
    .enum(['comma', 'point'])
    .optional()
    .describe('decimal separator of numbers in text: `comma` reads 1.234,5; default: detected per column'),
  header: z
    .enum(['true', 'false'])
    .transform((word) => word === 'true')
    .optional()
    .describe('whether the first line names the columns; default: true unless it contains numbers'),
  width: pixels.optional().describe('width of the images in pixels; default: that of the first'),
  height: pixels.optional().describe('height of the images in pixels; default: that of the first'),
  channels: z
    .enum(['1', '3'])
    .transform((digit) => (digit === '1' ? 1 : 3))
    .optional()
    .describe('channels of the images: 1 is grey, 3 is colour; default: those of the first'),
  arrays: text(1_000)
    .min(1)
    .transform((names) => names.split(',').map((name) => name.trim()))
    .pipe(z.array(z.string().min(1)).max(2))
    .optional()
    .describe('names of the NumPy arrays with the features and the labels: `x_test,y_test`'),
}
