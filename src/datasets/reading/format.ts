/** Which format a file has: its first bytes decide, and what its name or content type claims must agree. */
import { looksLikeIdx } from './idx.js'
import { invalid, quoted } from './limits.js'
import { npyMagic } from './npy.js'

export type Format = 'delimited' | 'jsonLines' | 'parquet' | 'npy' | 'zip' | 'idx' | 'gzip'

interface FormatTraits {
  /** In a sentence: "it is …". */
  title: string
  extensions: readonly string[]
  contentTypes: readonly string[]
}

/** Every content type and file name that is understood. */
export const formats: Readonly<Record<Format, FormatTraits>> = {
  delimited: {
    title: 'delimited text',
    extensions: ['csv', 'tsv', 'tab'],
    contentTypes: ['text/csv', 'text/tab-separated-values'],
  },
  jsonLines: {
    title: 'JSON lines',
    extensions: ['jsonl', 'ndjson', 'json'],
    contentTypes: ['application/x-ndjson', 'application/jsonl', 'application/x-jsonlines'],
  },
  parquet: {
    title: 'Parquet',
    extensions: ['parquet', 'pq'],
    contentTypes: ['application/vnd.apache.parquet', 'application/x-parquet'],
  },
  npy: { title: 'a NumPy array', extensions: ['npy'], contentTypes: ['application/x-npy'] },
  zip: {
    title: 'a ZIP archive',
    extensions: ['zip', 'npz'],
    contentTypes: ['application/zip', 'application/x-zip-compressed', 'application/x-npz'],
  },
  idx: { title: 'IDX', extensions: ['idx', 'idx1-ubyte', 'idx3-ubyte'], contentTypes: ['application/x-idx'] },
  gzip: { title: 'gzip', extensions: ['gz'], contentTypes: ['application/gzip', 'application/x-gzip'] },
}
const known = Object.entries(formats) as [Format, FormatTraits][]

/** Content types that say nothing about the format. */
export const vagueContentTypes = ['application/octet-stream']

/** What is recognized only to be refused in words. */
const foreign: readonly [start: string, what: string][] = [
  ['\x89PNG', 'a single PNG: send a ZIP of pictures, one folder a class'],
  ['\xff\xd8\xff', 'a single JPEG: send a ZIP of pictures, one folder a class'],
  ['GIF8', 'a GIF: send a ZIP of PNG or JPEG files, one folder a class'],
  ['%PDF', 'a PDF'],
  ['\xd0\xcf\x11\xe0', 'an Excel file: save it as CSV'],
  ['\x89HDF', 'an HDF5 file: save its arrays with numpy.savez'],
  ['7z\xbc\xaf', 'a 7z archive: use ZIP'],
  ['BZh', 'bzip2: use gzip'],
  ['\xfd7zXZ', 'xz: use gzip'],
  ['\x28\xb5\x2f\xfd', 'Zstandard: use gzip'],
  ['<svg', 'an SVG, which is a drawing and no data set'],
]

/**
 * @param head the first bytes of the file
 * @param claim its name and content type, as far as they were given
 * @throws DatasetError when the bytes are of another format than claimed, or of one that cannot be read
 */
export function detectFormat(
  head: Buffer,
  claim: { name: string; contentType?: string | undefined },
): Format {
  const found = formatOf(head)
  const start = head.toString('latin1', 0, 4)
  if (found === undefined) {
    const [, what] = foreign.find(([bytes]) => head.toString('latin1', 0, bytes.length) === bytes) ?? []
    if (what !== undefined) throw invalid(`${quoted(claim.name)} is ${what}`)
  }
  const { claimed, by } = claimOf(claim)
  const isText = claimed === undefined || claimed === 'delimited' || claimed === 'jsonLines'
  if (found === undefined) {
    if (!isText) {
      throw invalid(
        `${quoted(claim.name)} is not ${formats[claimed].title}, as its ${by} says: it begins with ${quoted(start)}`,
      )
    }
    return claimed ?? (/^(\xef\xbb\xbf)?\s*\{/.test(head.toString('latin1')) ? 'jsonLines' : 'delimited')
  }
  if (claimed === undefined || claimed === found) return found
  throw invalid(
    `${quoted(claim.name)} is ${formats[found].title}, but its ${by} says that it is ${formats[claimed].title}`,
  )
}

function formatOf(head: Buffer): Format | undefined {
  const start = head.toString('latin1', 0, 4)
  if (start === 'PAR1') return 'parquet'
  if (head.subarray(0, 6).equals(npyMagic)) return 'npy'
  if (start === 'PK\x03\x04' || start === 'PK\x05\x06') return 'zip'
  if (start.startsWith('\x1f\x8b')) return 'gzip'
  return looksLikeIdx(head) ? 'idx' : undefined
}

function claimOf({ name, contentType }: { name: string; contentType?: string | undefined }): {
  claimed: Format | undefined
  by: string
} {
  const lower = name.toLowerCase()
  const byName = known.find(([, { extensions }]) =>
    extensions.some((each) => lower.endsWith(`.${each}`) || lower.endsWith(`-${each}`)),
  )
  if (byName !== undefined) return { claimed: byName[0], by: 'name' }
  const type = contentType?.split(';')[0].trim().toLowerCase()
  const byType = known.find(([, { contentTypes }]) => type !== undefined && contentTypes.includes(type))
  return { claimed: byType?.[0], by: 'content type' }
}
