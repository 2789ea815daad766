/** Reads the elements of request tensors. */

import type { Cell } from '../../contract/dataset.js'
import type { RequestInput } from '../../contract/inference.js'
import { InputError } from '../../datasets/input-error.js'
import { shown } from '../../datasets/shown-text.js'
import { numericTypes, textFromJson } from './element-types.js'
import { packedNumbers } from './packed-data.js'
import { checkCount, flatten, refusal } from './tensor-data.js'

/** The element at an index in row-major order. @throws InputError if its type does not have it */
export type TensorCells = (index: number) => Cell

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Lists of texts and nested lists are read in steps of this many elements. */
const elementsAtOnce = 256

/**
 * Reads a tensor of `count` elements, in steps.
 * @param bytes its binary data; null if `data` has the elements
 * @throws Problem `invalid-request` if there are more or fewer elements
 */
export function* readTensor(
  input: RequestInput,
  count: number,
  bytes: Uint8Array | null,
): Generator<void, TensorCells> {
  return bytes === null ? yield* readJson(input, count) : yield* readBytes(input, count, bytes)
}

function* readJson(input: RequestInput, count: number): Generator<void, TensorCells> {
  const { name, datatype, data } = input
  if (data === undefined) throw refusal(name, 'has neither data nor the parameter binary_data_size')
  const numbers = packedNumbers(data)
  const flat = numbers ?? (data.some(Array.isArray) ? yield* flatten(data, []) : data)
  checkCount(input, flat.length, count)
  const read = datatype === 'BYTES' ? textFromJson : numericTypes[datatype].fromJson
  return (index) => {
    const element = Number.isNaN(flat[index]) ? null : flat[index]
    const cell = read(element)
    if (cell !== undefined) return cell
    throw new InputError('', `${name}: ${shown(JSON.stringify(element) ?? '')} is not ${datatype}`)
  }
}

function* readBytes(
  { name, datatype }: RequestInput,
  count: number,
  bytes: Uint8Array,
): Generator<void, TensorCells> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (datatype === 'BYTES') return yield* readTexts(name, count, view)
  const { size, fromBytes } = numericTypes[datatype]
  if (view.byteLength !== count * size) {
    const expected = `${count} elements of ${datatype} have ${count * size}`
    throw refusal(name, `has ${view.byteLength} bytes of binary data, but ${expected}`)
  }
  return (index) => {
    const cell = fromBytes(view, index * size)
    if (cell !== undefined) return cell
    const reason =
      datatype === 'BOOL' ? 'is neither 0 nor 1' : 'is an integer that a 64-bit float cannot hold exactly'
    throw new InputError('', `${name}: element ${index} ${reason}`)
  }
}

/** Each text is preceded by its length in bytes, a 32-bit integer. */
function* readTexts(name: string, count: number, view: DataView): Generator<void, TensorCells> {
  const texts: (string | null)[] = []
  let offset = 0
  for (let index = 0; index < count; index++) {
    if (index % elementsAtOnce === elementsAtOnce - 1) yield
    const start = offset + 4
    const length = start <= view.byteLength ? view.getUint32(offset, true) : 0
    if (start + length > view.byteLength) {
      throw refusal(
        name,
        `ends within element ${index} of ${count}, after ${view.byteLength} bytes of binary data`,
      )
    }
    offset = start + length
    texts.push(decodeText(name, index, new Uint8Array(view.buffer, view.byteOffset + start, length)))
  }
  if (offset !== view.byteLength) {
    throw refusal(name, `has ${view.byteLength - offset} bytes of binary data after its ${count} elements`)
  }
  return (index) => texts[index] ?? null
}

function decodeText(name: string, index: number, bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes) || null
  } catch {
    throw refusal(name, `has an element ${index} that is not UTF-8`)
  }
}
