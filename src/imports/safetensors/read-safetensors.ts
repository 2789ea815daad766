/** Reads safetensors files: 8 bytes with the length of the header, the header, the numbers of the tensors. */
import { type FileTensor, isNumberType, numberTypes } from '../file-tensor.js'
import { quoted, refuse, shapeText } from '../refuse.js'
import { type HeaderTensor, parseHeader } from './header.js'

export interface SafetensorsFile {
  tensors: Map<string, FileTensor>
  metadata: Map<string, string>
}

/** Ends the names of counters, whole numbers that PyTorch stores with batch normalization. They are ignored. */
const counterName = 'num_batches_tracked'

const lengthBytes = 8
const maximumHeaderBytes = 4 * 1024 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Whether the file begins as safetensors does: a length, then an object. */
export function isSafetensors(file: Uint8Array): boolean {
  return file.length > lengthBytes && file[lengthBytes] === '{'.charCodeAt(0)
}

/**
 * Reads the header and checks that the tensors fill the file without overlap or gap.
 * @throws Problem `invalid-model`
 */
export function readSafetensors(file: Uint8Array): SafetensorsFile {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const length = view.getBigUint64(0, true)
  const rest = file.length - lengthBytes
  if (length > BigInt(Math.min(rest, maximumHeaderBytes))) {
    throw refuse(
      `The header should have ${length} bytes; ${rest} bytes follow, and the limit is ${maximumHeaderBytes}. The file is ` +
        'truncated, or not safetensors.',
    )
  }
  const start = lengthBytes + Number(length)
  const { tensors, metadata } = parseHeader(decode(file.subarray(lengthBytes, start)))
  const data = file.subarray(start)
  checkPlaces(tensors, data.length)
  return { tensors: new Map(tensors.flatMap((each) => toFileTensor(each, data))), metadata }
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw refuse('The header is not UTF-8.')
  }
}

/** As the format requires, each byte belongs to one tensor. */
function checkPlaces(tensors: readonly HeaderTensor[], dataBytes: number): void {
  let next = 0
  let before = 'the header'
  for (const { name, begin, end } of tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (end < begin || end > dataBytes) {
      throw refuse(
        `The tensor ${quoted(name)} should have the bytes ${begin} to ${end}, and the file has ${dataBytes} bytes of numbers. ` +
          'The file is truncated, or its header is wrong.',
      )
    }
    if (begin !== next) {
      const what = begin < next ? 'overlaps' : 'leaves a gap after'
      throw refuse(
        `The tensor ${quoted(name)} at byte ${begin} ${what} ${before}, which ends at byte ${next}.`,
      )
    }
    next = end
    before = `the tensor ${quoted(name)}`
  }
  if (next !== dataBytes) {
    throw refuse(`${dataBytes - next} bytes follow after the last tensor. The header does not describe them.`)
  }
}

function toFileTensor(tensor: HeaderTensor, data: Uint8Array): [string, FileTensor][] {
  const { name, dtype, shape, begin, end } = tensor
  if (!isNumberType(dtype)) {
    if (name.endsWith(counterName)) return []
    throw refuse(
      `The tensor ${quoted(name)} has the type ${quoted(dtype)}. Supported are F32, F64, F16 and BF16: convert it, for example ` +
        'with tensor.float().',
    )
  }
  const bytes = shape.reduce((product, side) => product * side, numberTypes[dtype])
  if (bytes !== end - begin) {
    throw refuse(
      `The tensor ${quoted(name)} has the shape ${shapeText(shape)} of ${dtype}, which is ${bytes} bytes, and its ` +
        `data_offsets hold ${end - begin}.`,
    )
  }
  return [[name, { name, type: dtype, shape, bytes: data.subarray(begin, end) }]]
}
