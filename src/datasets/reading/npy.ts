/** NumPy's .npy (NEP 1): a header in Python's words, then the array as it lay in memory. */
import type { ArrayFile, ItemType } from './array-file.js'
import { readHead } from './file-head.js'
import { invalid, quoted } from './limits.js'

const longestHeader = 65_536

export const npyMagic = Buffer.from('\x93NUMPY', 'latin1')

const itemTypes: Readonly<Record<string, ItemType>> = {
  b1: 'boolean',
  u1: 'uint8',
  i1: 'int8',
  u2: 'uint16',
  i2: 'int16',
  u4: 'uint32',
  i4: 'int32',
  u8: 'uint64',
  i8: 'int64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
}

/** @throws DatasetError when the header is broken, or the array holds what is neither number nor text */
export async function openNpy(path: string, name: string): Promise<ArrayFile> {
  const head = await readHead(path, longestHeader + 12)
  if (!head.subarray(0, 6).equals(npyMagic)) throw invalid(`${name} does not begin like a .npy file`)
  const version = head[6]
  const lengthBytes = version === 1 ? 2 : 4
  if (head.length < 8 + lengthBytes) throw invalid(`${name} ends within its header`)
  const length = version === 1 ? head.readUInt16LE(8) : head.readUInt32LE(8)
  const offset = 8 + lengthBytes + length
  if (length > longestHeader)
    throw invalid(`${name} has a header of ${length} bytes, more than ${longestHeader}`)
  if (head.length < offset) throw invalid(`${name} ends within its header`)
  const header = head.toString('latin1', 8 + lengthBytes, offset)
  const [, descr] = /'descr':\s*'([^']*)'/.exec(header) ?? []
  const [, order] = /'fortran_order':\s*(True|False)/.exec(header) ?? []
  const [, dimensions] = /'shape':\s*\(([^)]*)\)/.exec(header) ?? []
  if (descr === undefined && header.includes("'descr'")) {
    throw invalid(`${name} holds records of several fields: save a plain array`)
  }
  if (descr === undefined || order === undefined || dimensions === undefined) {
    throw invalid(`${name} has a header that is not understood`)
  }
  const shape = dimensions
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => (/^\d{1,15}$/.test(text) ? Number(text) : Number.NaN))
  if (shape.some(Number.isNaN) || shape.length > 32)
    throw invalid(`${name} has the shape (${dimensions.slice(0, 40)})`)
  return { path, name, offset, shape, firstIndexFastest: order === 'True', ...itemOf(descr, name) }
}

function itemOf(descr: string, name: string): Pick<ArrayFile, 'type' | 'itemBytes' | 'bigEndian'> {
  const [, byteOrder, kind, size] = /^([<>|=])?([A-Za-z])(\d{1,6})$/.exec(descr) ?? []
  const bigEndian = byteOrder === '>'
  const type = itemTypes[`${kind}${size}`]
  if (type !== undefined) return { type, itemBytes: Number(size), bigEndian }
  if (kind === 'S' && Number(size) > 0) return { type: 'bytes', itemBytes: Number(size), bigEndian }
  if (kind === 'U' && Number(size) > 0) return { type: 'utf32', itemBytes: 4 * Number(size), bigEndian }
  throw invalid(
    `${name} holds items of type ${quoted(descr)}; numbers, booleans and texts of fixed length can be read`,
  )
}
