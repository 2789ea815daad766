/** The outputs of predictions as tensors. */
import type { Coding } from '../../contract/dataset.js'
import type { InferenceRequest, TensorType } from '../../contract/inference.js'
import type { Model, Prediction } from '../../contract/model.js'
import { Problem } from '../../contract/problems.js'
import { shown, shownNames } from '../../datasets/shown-text.js'
import { signatureOutputs } from '../../exports/signature.js'
import { typeNames } from './read-request.js'

type Element = number | string | boolean

export interface RequestedOutput {
  name: string
  type: TensorType
  /** Without the number of rows. */
  rowShape: number[]
  /** Whether it is sent as bytes. */
  isBinary: boolean
  /** The elements of a row. */
  read(prediction: Prediction): readonly Element[]
}

export interface OutputTensor {
  name: string
  type: TensorType
  shape: number[]
  content: { type: 'json'; data: Element[] } | { type: 'binary'; bytes: Uint8Array }
}

/** @throws Problem `invalid-request` for an unknown or repeated output, or a parameter that would change its meaning */
export function requestedOutputs(model: Model, request: InferenceRequest, isRaw: boolean): RequestedOutput[] {
  const byDefault = isRaw || request.parameters?.binary_data_output === true
  const all = new Map(
    signatureOutputs(model).map(({ name, type, shape }) => {
      const output = { name, type: typeNames[type], rowShape: shape.slice(1), isBinary: byDefault }
      return [name, { ...output, read: elementReader(name, model.coding.target) }]
    }),
  )
  if (request.outputs === undefined || request.outputs.length === 0) return [...all.values()]
  const requested = new Map<string, RequestedOutput>()
  for (const { name, parameters = {} } of request.outputs) {
    const output = all.get(name)
    const refuse = (what: string) => new Problem('invalid-request', `The output ${shown(name)} ${what}.`)
    if (output === undefined)
      throw refuse(`is unknown: the outputs of this model are ${shownNames([...all.keys()])}`)
    if (requested.has(name)) throw refuse('is requested twice')
    const foreign = ['classification', 'shared_memory_region'].find((each) => Object.hasOwn(parameters, each))
    if (foreign !== undefined) throw refuse(`has the parameter ${foreign}, which is not supported`)
    const { binary_data: isBinary = byDefault } = parameters
    requested.set(name, { ...output, isBinary: isBinary === true })
  }
  return [...requested.values()]
}

function elementReader(name: string, target: Coding['target']): RequestedOutput['read'] {
  switch (name) {
    case 'label':
      return ({ label = '' }) => [label]
    case 'labels': {
      const names = 'names' in target ? target.names : []
      return ({ labels = [] }) => names.map((each) => labels.includes(each))
    }
    case 'probabilities': {
      const classes = 'classes' in target ? target.classes : []
      return ({ probabilities = {} }) => classes.map((each) => probabilities[each] ?? 0)
    }
    default:
      return ({ output }) => output
  }
}

/** Makes the tensors in steps of a row. */
export function* outputTensors(
  outputs: readonly RequestedOutput[],
  predictions: readonly Prediction[],
): Generator<void, OutputTensor[]> {
  const rows = predictions.length
  const writers = outputs.map((output) => ({ ...output, ...contentWriter(output, rows) }))
  for (const [row, prediction] of predictions.entries()) {
    if (row > 0) yield
    for (const { add, read } of writers) for (const element of read(prediction)) add(element)
  }
  return writers.map(({ name, type, rowShape, content }) => {
    return { name, type, shape: [rows, ...rowShape], content: content() }
  })
}

interface ContentWriter {
  add(element: Element): void
  content(): OutputTensor['content']
}

function contentWriter({ type, rowShape, isBinary }: RequestedOutput, rows: number): ContentWriter {
  if (!isBinary) return jsonWriter(type)
  return type === 'BYTES'
    ? textWriter()
    : numberWriter(
        type,
        rowShape.reduce((all, side) => all * side, rows),
      )
}

function jsonWriter(type: TensorType): ContentWriter {
  const data: Element[] = []
  const round = type === 'FP32' ? Math.fround : Number
  return {
    add: (element) => void data.push(typeof element === 'number' ? round(element) : element),
    content: () => ({ type: 'json', data }),
  }
}

/** Each text is preceded by its length in bytes. */
function textWriter(): ContentWriter {
  const parts: Buffer[] = []
  return {
    add(element) {
      const text = Buffer.from(String(element))
      const length = Buffer.alloc(4)
      length.writeUInt32LE(text.length)
      parts.push(length, text)
    },
    content: () => ({ type: 'binary', bytes: Buffer.concat(parts) }),
  }
}

/** Outputs have no other types of numbers. */
function numberWriter(type: TensorType, count: number): ContentWriter {
  const size = type === 'FP64' ? 8 : type === 'FP32' ? 4 : 1
  const bytes = Buffer.alloc(count * size)
  let offset = 0
  return {
    add(element) {
      const number = Number(element)
      if (type === 'FP64') bytes.writeDoubleLE(number, offset)
      else if (type === 'FP32') bytes.writeFloatLE(number, offset)
      else bytes.writeUInt8(number, offset)
      offset += size
    },
    content: () => ({ type: 'binary', bytes }),
  }
}
