/** Reads NumPy's .npy format (NEP 1): a header in Python syntax, then the array as in memory. */
import type { ArrayFile, ItemType } from './array-file.js'
import { readHead } from './file-head.js'
import { invalid, quoted } from './limits.js'

const maximumHeaderBytes = 65_536

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

/** @throws DatasetError when the header is invalid, or the items are neither numbers nor texts */
export async function openNpy(path: string, name: string): Promise<ArrayFile> {
  const head = await readHead(path, maximumHeaderBytes + 12)
  if (!head.subarray(0, 6).equals(npyMagic)) throw invalid(`${name} does not start like a .npy file`)
  const version = head[6]
  const lengthBytes = version === 1 ? 2 : 4
  if (head.length < 8 + lengthBytes) throw invalid(`${name} ends in its header`)
  const length = version === 1 ? head.readUInt16LE(8) : head.readUInt32LE(8)
  const offset = 8 + lengthBytes + length
  if (length > maximumHeaderBytes)
    throw invalid(`${name} has a header of ${length} bytes; the limit is ${maximumHeaderBytes} bytes`)
  if (head.length < offset) throw invalid(`${name} ends in its header`)
  const header = head.toString('latin1', 8 + lengthBytes, offset)
  const [, descr] = /'descr':\s*'([^']*)'/.exec(header) ?? []
  const [, order] = /'fortran_order':\s*(True|False)/.exec(header) ?? []
  const [, dimensions] = /'shape':\s*\(([^)]*)\)/.exec(header) ?? []
  if (descr === undefined && header.includes("'descr'")) {
    throw invalid(`${name} has records with several fields: save a plain array`)
  }
  if (descr === undefined || order === undefined || dimensions === undefined) {
    throw invalid(`${name} has an invalid header`)
  }
  const shape = dimensions
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => (/^\d{1,15}$/.test(text) ? Number(text) : Number.NaN))
  if (shape.some(Number.isNaN) || shape.length > 32)
    throw invalid(`${name} has the invalid shape (${dimensions.slice(0, 40)})`)
  return { path, name, offset, shape, isColumnMajor: order === 'True', ...parseItemType(descr, name) }
}

function parseItemType(descr: string, name: string): Pick<ArrayFile, 'type' | 'itemBytes' | 'bigEndian'> {
  const [, byteOrder, kind, size] = /^([<>|=])?([A-Za-z])(\d{1,6})$/.exec(descr) ?? []
  const bigEndian = byteOrder === '>'
  const type = itemTypes[`${kind}${size}`]
  if (type !== undefined) return { type, itemBytes: Number(size), bigEndian }
  if (kind === 'S' && Number(size) > 0) return { type: 'bytes', itemBytes: Number(size), bigEndian }
  if (kind === 'U' && Number(size) > 0) return { type: 'utf32', itemBytes: 4 * Number(size), bigEndian }
  throw invalid(
    `${name} has items of the unsupported type ${quoted(descr)}; supported are numbers, booleans and texts of fixed length`,
  )
}
