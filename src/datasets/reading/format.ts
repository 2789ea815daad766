/** Detects the format of a file from its first bytes. Its name and content type must agree with it. */
import { type FormatName, formatNames, uploadFormats } from '../../contract/upload.js'
import { looksLikeIdx } from './idx.js'
import { invalid, quoted } from './limits.js'
import { npyMagic } from './npy.js'

/** Unsupported formats that are detected for a helpful error. */
const unsupported: readonly [start: string, what: string][] = [
  ['\x89PNG', 'a single PNG: send a ZIP of images with one folder per class'],
  ['\xff\xd8\xff', 'a single JPEG: send a ZIP of images with one folder per class'],
  ['GIF8', 'a GIF: send a ZIP of PNG or JPEG files with one folder per class'],
  ['%PDF', 'a PDF'],
  ['\xd0\xcf\x11\xe0', 'an Excel file: save it as CSV'],
  ['\x89HDF', 'an HDF5 file: save its arrays with numpy.savez'],
  ['7z\xbc\xaf', 'a 7z archive: use ZIP'],
  ['BZh', 'bzip2: use gzip'],
  ['\xfd7zXZ', 'xz: use gzip'],
  ['\x28\xb5\x2f\xfd', 'Zstandard: use gzip'],
  ['<svg', 'an SVG, which is not a dataset'],
]

/**
 * @param head the first bytes of the file
 * @param claim the name and content type of the file
 * @throws DatasetError when the format is unsupported, or another one than claimed
 */
export function detectFormat(
  head: Buffer,
  claim: { name: string; contentType?: string | undefined },
): FormatName {
  const detected = matchFormat(head)
  const start = head.toString('latin1', 0, 4)
  if (detected === undefined) {
    const [, what] = unsupported.find(([bytes]) => head.toString('latin1', 0, bytes.length) === bytes) ?? []
    if (what !== undefined) throw invalid(`${quoted(claim.name)} is ${what}`)
  }
  const { claimed, by } = claimedFormat(claim)
  const isText = claimed === undefined || claimed === 'delimited' || claimed === 'jsonLines'
  if (detected === undefined) {
    if (!isText) {
      throw invalid(
        `${quoted(claim.name)} is not ${uploadFormats[claimed].title}, although its ${by} says so: it starts with ${quoted(start)}`,
      )
    }
    return claimed ?? (/^(\xef\xbb\xbf)?\s*[[{]/.test(head.toString('latin1')) ? 'jsonLines' : 'delimited')
  }
  if (claimed === undefined || claimed === detected) return detected
  throw invalid(
    `${quoted(claim.name)} is ${uploadFormats[detected].title}, but its ${by} says ${uploadFormats[claimed].title}`,
  )
}

function matchFormat(head: Buffer): FormatName | undefined {
  const start = head.toString('latin1', 0, 4)
  if (start === 'PAR1') return 'parquet'
  if (head.subarray(0, 6).equals(npyMagic)) return 'npy'
  if (start === 'PK\x03\x04' || start === 'PK\x05\x06') return 'zip'
  if (start.startsWith('\x1f\x8b')) return 'gzip'
  return looksLikeIdx(head) ? 'idx' : undefined
}

function claimedFormat({ name, contentType }: { name: string; contentType?: string | undefined }): {
  claimed: FormatName | undefined
  by: string
} {
  const lower = name.toLowerCase()
  const byName = formatNames.find((format) =>
    uploadFormats[format].extensions.some((end) => lower.endsWith(`.${end}`) || lower.endsWith(`-${end}`)),
  )
  if (byName !== undefined) return { claimed: byName, by: 'name' }
  const type = contentType?.split(';')[0].trim().toLowerCase()
  const byType = formatNames.find((format) =>
    uploadFormats[format].contentTypes.some((each) => each === type),
  )
  return { claimed: byType, by: 'content type' }
}
