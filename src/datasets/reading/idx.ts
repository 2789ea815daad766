/** Reads IDX, the format of MNIST: a type, the lengths of the dimensions, then the numbers, big-endian. */
import type { ArrayFile, ItemType } from './array-file.js'
import type { Arrays } from './arrays.js'
import { readHead } from './file-head.js'
import { invalid } from './limits.js'

const itemTypes = new Map<number, [type: ItemType, bytes: number]>([
  [0x08, ['uint8', 1]],
  [0x09, ['int8', 1]],
  [0x0b, ['int16', 2]],
  [0x0c, ['int32', 4]],
  [0x0d, ['float32', 4]],
  [0x0e, ['float64', 8]],
])
const maximumDimensions = 8

export function looksLikeIdx(head: Buffer): boolean {
  return (
    head.length >= 8 &&
    head[0] === 0 &&
    head[1] === 0 &&
    itemTypes.has(head[2]) &&
    head[3] >= 1 &&
    head[3] <= maximumDimensions
  )
}

/** @throws DatasetError when the header is invalid */
export async function openIdx(path: string, name: string): Promise<ArrayFile> {
  const head = await readHead(path, 4 + 4 * maximumDimensions)
  const item = itemTypes.get(head[2])
  if (!looksLikeIdx(head) || item === undefined) throw invalid(`${name} does not start like an IDX file`)
  const offset = 4 + 4 * head[3]
  if (head.length < offset) throw invalid(`${name} ends in its header`)
  const shape = Array.from({ length: head[3] }, (_, dimension) => head.readUInt32BE(4 + 4 * dimension))
  const [type, itemBytes] = item
  return { path, name, offset, type, itemBytes, bigEndian: true, shape, isColumnMajor: false }
}

/** @throws DatasetError unless there is one file of data and one of labels */
export function pairIdx(files: readonly ArrayFile[]): Arrays {
  const features = files.filter(({ shape }) => shape.length > 1)
  const labels = files.filter(({ shape }) => shape.length === 1)
  if (features.length === 1 && labels.length === 1) {
    return { features: features[0], labels: labels[0], labelsAreClasses: isInteger(labels[0]), warnings: [] }
  }
  throw invalid(
    `IDX needs two files in one multipart upload, data and labels; this upload has ${features.length} of data and ${labels.length} of labels`,
  )
}

const isInteger = ({ type }: ArrayFile) => type.startsWith('int') || type.startsWith('uint')
