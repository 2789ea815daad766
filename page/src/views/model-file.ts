/** Reads the header of a model's file, so that the page asks only for what the file does not have. */

/** The most bytes of a header that are read here. The service reads larger ones. */
const maximumHeaderBytes = 4 * 1024 * 1024
const lengthBytes = 8

export interface FileTensor {
  name: string
  dtype: string
  shape: readonly number[]
}

export type ModelFile =
  /** Exported by a service like this one: it has its network and its coding. */
  | { type: 'exported' }
  /** Safetensors with weights only, such as a state dict of PyTorch. */
  | { type: 'weights'; tensors: readonly FileTensor[] }
  /** ONNX, which has its network, or a file that the service will refuse. */
  | { type: 'other' }

export async function readModelFile(file: Blob): Promise<ModelFile> {
  const header = await readHeader(file)
  if (header === null) return { type: 'other' }
  const { __metadata__: metadata, ...tensors } = header
  const names = Object.keys(isObject(metadata) ? metadata : {})
  if (['model', 'coding', 'network'].every((name) => names.includes(name))) return { type: 'exported' }
  return {
    type: 'weights',
    tensors: Object.entries(tensors).flatMap(([name, value]) => toTensor(name, value)),
  }
}

/** The JSON header of a safetensors file: its length in 8 bytes, then its text. Null for other files. */
async function readHeader(file: Blob): Promise<Record<string, unknown> | null> {
  if (file.size < lengthBytes) return null
  const prefix = new DataView(await file.slice(0, lengthBytes).arrayBuffer())
  const length = prefix.getBigUint64(0, true)
  if (length > maximumHeaderBytes || Number(length) > file.size - lengthBytes) return null
  try {
    const header: unknown = JSON.parse(await file.slice(lengthBytes, lengthBytes + Number(length)).text())
    return isObject(header) ? header : null
  } catch {
    return null
  }
}

function toTensor(name: string, value: unknown): FileTensor[] {
  if (!isObject(value)) return []
  const { dtype, shape } = value
  const isShape = Array.isArray(shape) && shape.every((side) => typeof side === 'number')
  return typeof dtype === 'string' && isShape ? [{ name, dtype, shape }] : []
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
