/** Turns the tensors of an inference request into rows. */
import type { Cell, FeatureCoding } from '../../contract/dataset.js'
import type { InferenceRequest, RequestInput, TensorType } from '../../contract/inference.js'
import { Problem, pointerTo } from '../../contract/problems.js'
import { InputError } from '../../datasets/input-error.js'
import type { InputRow, RowList } from '../../datasets/raw-rows.js'
import { shown, shownNames } from '../../datasets/shown-text.js'
import { textOfDays } from '../../exports/date-cells.js'
import type { ExportableModel } from '../../exports/exporter.js'
import { modelSignature, type SignatureTensor } from '../../exports/signature.js'
import { numericTypes } from './element-types.js'
import { checkRows, refusal } from './tensor-data.js'
import { readTensor, type TensorCells } from './tensor-reader.js'

export const typeNames: Readonly<Record<SignatureTensor['type'], TensorType>> = {
  float64: 'FP64',
  float32: 'FP32',
  string: 'BYTES',
  bool: 'BOOL',
}

/** Bytes after the JSON of a request. */
export interface BinaryData {
  bytes: Uint8Array
  /** Whether the request has no JSON: the bytes are the only input of the model. */
  isRaw: boolean
}

/**
 * The rows of a request, read in steps. Elements that a column cannot have are the error of their row.
 * @throws Problem `invalid-request` if names, types, shapes or sizes do not fit the model or each other
 */
export function* readRequest(
  model: ExportableModel,
  request: InferenceRequest,
  binary: BinaryData | null,
): Generator<void, RowList<InputRow>> {
  const signature = modelSignature(model).inputs
  const inputs = binary?.isRaw === true ? [rawInput(signature, binary.bytes)] : request.inputs
  const ordered = orderInputs(signature, inputs)
  const length = rowCount(ordered)
  const parts = splitBytes(inputs, binary)
  const columns: TensorCells[] = []
  for (const { tensor, input } of ordered) {
    columns.push(yield* readTensor(input, length * rowSize(tensor), parts.get(input) ?? null))
  }
  return toRowList(
    model.coding.features,
    ordered.map(({ tensor }) => rowSize(tensor)),
    columns,
    length,
  )
}

interface OrderedInput {
  tensor: SignatureTensor
  input: RequestInput
}

/** The inputs in the order of the model. */
function orderInputs(signature: readonly SignatureTensor[], inputs: readonly RequestInput[]): OrderedInput[] {
  const byName = new Map<string, RequestInput>()
  const expected = new Set(signature.map(({ name }) => name))
  for (const input of inputs) {
    if (!expected.has(input.name)) {
      throw refusal(input.name, `is unknown: the inputs of this model are ${shownNames([...expected])}`)
    }
    if (byName.has(input.name)) throw refusal(input.name, 'is sent twice')
    byName.set(input.name, input)
  }
  return signature.map((tensor) => {
    const input = byName.get(tensor.name)
    if (input === undefined) {
      throw refusal(tensor.name, `is missing: the inputs of this model are ${shownNames([...expected])}`)
    }
    checkType(tensor, input)
    return { tensor, input }
  })
}

function checkType({ type, name }: SignatureTensor, { datatype }: RequestInput): void {
  if ((type === 'string') === (datatype === 'BYTES')) return
  const accepted = type === 'string' ? 'BYTES' : 'FP64, or another type of numbers'
  throw refusal(name, `has the datatype ${datatype}; send ${accepted}`)
}

/** Elements of a row. */
const rowSize = ({ shape }: SignatureTensor) => shape.slice(1).reduce((product, side) => product * side, 1)

function rowCount(ordered: readonly OrderedInput[]): number {
  const [rows = 0] = ordered[0]?.input.shape ?? []
  checkRows(rows)
  for (const { tensor, input } of ordered) {
    const expected = [rows, ...tensor.shape.slice(1)]
    const isEqual =
      expected.length === input.shape.length && expected.every((side, at) => side === input.shape[at])
    if (!isEqual)
      throw refusal(tensor.name, `has the shape [${input.shape}]; the shape must be [${expected}]`)
  }
  return rows
}

/** The binary data of each input that has some. */
function splitBytes(
  inputs: readonly RequestInput[],
  binary: BinaryData | null,
): Map<RequestInput, Uint8Array> {
  const parts = new Map<RequestInput, Uint8Array>()
  const bytes = binary?.bytes ?? new Uint8Array(0)
  let offset = 0
  for (const input of inputs) {
    const size = input.parameters?.binary_data_size
    if (size === undefined) continue
    const left = bytes.length - offset
    if (input.data !== undefined) throw refusal(input.name, 'has both data and binary_data_size')
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > left) {
      const rule = `must be an integer from 0 to ${left}, the bytes that are left after the JSON`
      throw refusal(input.name, `has the binary_data_size ${size}, which ${rule}`)
    }
    parts.set(input, bytes.subarray(offset, offset + size))
    offset += size
  }
  if (offset === bytes.length) return parts
  const detail = `${bytes.length - offset} bytes after the JSON belong to no input; the sizes of binary_data_size add up to ${offset}.`
  throw new Problem('invalid-request', detail)
}

/** The input that bytes without JSON stand for. */
function rawInput(signature: readonly SignatureTensor[], bytes: Uint8Array): RequestInput {
  const [tensor] = signature
  if (signature.length !== 1 || tensor === undefined || tensor.type === 'string') {
    const detail = 'Only the model of one numeric input takes binary data without JSON.'
    throw new Problem('invalid-request', detail)
  }
  const datatype = 'FP64'
  const rows = bytes.length / (rowSize(tensor) * numericTypes[datatype].size)
  if (!Number.isInteger(rows)) {
    throw refusal(
      tensor.name,
      `has ${bytes.length} bytes, which is not a whole number of rows of ${datatype}`,
    )
  }
  const shape = [rows, ...tensor.shape.slice(1)]
  return { name: tensor.name, datatype, shape, parameters: { binary_data_size: bytes.length } }
}

function toRowList(
  features: readonly FeatureCoding[],
  sizes: readonly number[],
  columns: readonly TensorCells[],
  length: number,
): RowList<InputRow> {
  const convert = features.map(({ type, name }) => (type === 'date' ? dateCell(name) : null))
  return {
    length,
    at(row) {
      const cells: Cell[] = []
      try {
        for (const [position, read] of columns.entries()) {
          const size = sizes[position] ?? 1
          for (let index = row * size; index < (row + 1) * size; index++) {
            const cell = read(index)
            cells.push(convert[cells.length]?.(cell) ?? cell)
          }
        }
      } catch (error) {
        if (error instanceof InputError) throw new InputError(pointerTo([row]), error.message)
        throw error
      }
      return cells
    },
  }
}

/** Days since 1970-01-01 as the date that a row has. */
function dateCell(name: string): (cell: Cell) => Cell {
  return (cell) => {
    if (typeof cell !== 'number') return cell
    const text = Number.isFinite(cell) ? textOfDays(cell) : null
    if (text !== null) return text
    throw new InputError('', `${name}: ${shown(String(cell))} is not a number of days since 1970-01-01`)
  }
}
