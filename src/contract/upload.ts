/** The formats that `POST /datasets` accepts, and the parameters that describe a file. */
import { z } from 'zod'
import { text } from './text.js'

interface UploadFormat {
  /** Completes the sentence "it is …". */
  title: string
  /** Ends of file names, after a dot or a hyphen. */
  extensions: readonly string[]
  contentTypes: readonly string[]
}

export const formatNames = ['delimited', 'jsonLines', 'parquet', 'npy', 'zip', 'idx', 'gzip'] as const
export type FormatName = (typeof formatNames)[number]

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
} as const satisfies Record<FormatName, UploadFormat>

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
    .describe('delimiter of text files: `comma`, `semicolon`, `tab` or `bar`. Default: detected'),
  decimal: z
    .enum(['comma', 'point'])
    .optional()
    .describe(
      'decimal sign of numbers in text: with `comma`, 1.234,5 is a number. Default: detected for each column',
    ),
  header: z
    .enum(['true', 'false'])
    .transform((word) => word === 'true')
    .optional()
    .describe('`true` if the first line names the columns. Default: true unless the line contains numbers'),
  width: pixels.optional().describe('width of pictures in pixels. Default: that of the first picture'),
  height: pixels.optional().describe('height of pictures in pixels. Default: that of the first picture'),
  channels: z
    .enum(['1', '3'])
    .transform((digit) => (digit === '1' ? 1 : 3))
    .optional()
    .describe('channels of pictures: 1 for grey, 3 for colour. Default: those of the first picture'),
  arrays: text(1_000)
    .min(1)
    .transform((names) => names.split(',').map((name) => name.trim()))
    .pipe(z.array(z.string().min(1)).max(2))
    .optional()
    .describe('names of the features and the labels in a NumPy file: `x_test,y_test`'),
}
