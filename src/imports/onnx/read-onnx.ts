/** Decodes ONNX files and checks what concerns the whole file. */
import { onnxMessage } from '../../exports/onnx/schema.js'
import { listed, quoted, refuse } from '../refuse.js'
import { checkWire } from './check-wire.js'
import type { DecodedModel, DecodedValueInfo } from './messages.js'
import { OnnxNode } from './node.js'
import { type ConstantValue, readConstant, typeName } from './tensors.js'

export interface OnnxGraph {
  /** The version of the standard operators. */
  opset: number
  nodes: OnnxNode[]
  /** Initializers by name; null for types that no network has. */
  constants: Map<string, ConstantValue | null>
  inputs: DecodedValueInfo[]
  outputs: string[]
  metadata: Map<string, string>
}

const opsets = { least: 9, most: 25 }
const standard = new Set(['', 'ai.onnx'])
/** The tag of `ir_version`, with which every writer begins. */
const firstByte = 0x08

export const isOnnx = (file: Uint8Array): boolean => file[0] === firstByte

/** @throws Problem `invalid-model` */
export function readOnnx(file: Uint8Array): OnnxGraph {
  const type = onnxMessage('ModelProto')
  checkWire(type, file)
  const { graph, functions, opset_import: imports, metadata_props: properties } = decode(file)
  if (graph === null) throw refuse('The ONNX file has no graph.')
  if (functions.length > 0)
    throw refuse('The ONNX file defines functions, which are not supported. Export the model without them.')
  if (graph.sparse_initializer.length > 0)
    throw refuse('The ONNX file has sparse tensors, which are not supported.')
  const constants = new Map<string, ConstantValue | null>()
  for (const tensor of graph.initializer) {
    if (constants.has(tensor.name)) throw refuse(`The ONNX file has the tensor ${quoted(tensor.name)} twice.`)
    constants.set(tensor.name, readConstant(tensor, tensor.name))
  }
  const version = imports.find(({ domain }) => standard.has(domain))?.version
  return {
    opset: checkOpset(Number(version ?? 0)),
    nodes: graph.node.map((node) => new OnnxNode(node)),
    constants,
    // Older files also list the initializers as inputs.
    inputs: graph.input.filter(({ name }) => !constants.has(name)),
    outputs: graph.output.map(({ name }) => name),
    metadata: new Map(properties.map(({ key, value }) => [key, value])),
  }
}

function decode(file: Uint8Array): DecodedModel {
  try {
    return onnxMessage('ModelProto').decode(file) as unknown as DecodedModel
  } catch (error) {
    throw refuse(`The ONNX file is damaged: ${error instanceof Error ? error.message : error}.`)
  }
}

function checkOpset(version: number): number {
  if (version >= opsets.least && version <= opsets.most) return version
  throw refuse(
    `The ONNX file has version ${version} of the operators (opset). Supported are ${opsets.least} to ${opsets.most}.`,
  )
}

/** Types of inputs: FLOAT, FLOAT16, DOUBLE and BFLOAT16. */
const inputTypes = new Set([1, 10, 11, 16])

export interface GraphInput {
  name: string
  /** Of one row. */
  shape: number[]
  /** Null if any number of rows is taken. */
  rows: number | null
}

/** The one input of a network. @throws Problem `invalid-model` */
export function readInput({ inputs }: OnnxGraph): GraphInput {
  const [input, second] = inputs
  if (input === undefined || second !== undefined) {
    const names = inputs.map(({ name }) => quoted(name))
    throw refuse(`The ONNX file has ${inputs.length} inputs (${listed(names)}). A network here takes one.`)
  }
  const tensor = input.type?.tensor_type
  if (tensor == null || tensor.shape === null) throw refuse(`The input ${quoted(input.name)} has no shape.`)
  if (!inputTypes.has(tensor.elem_type)) {
    throw refuse(
      `The input ${quoted(input.name)} has the type ${typeName(tensor.elem_type)}. A network takes numbers.`,
    )
  }
  const [rows, ...sides] = tensor.shape.dim.map(({ dim_value: value }) => Number(value ?? 0))
  const isFixed = sides.every((side) => Number.isSafeInteger(side) && side > 0)
  if (sides.length < 1 || sides.length > 3 || !isFixed) {
    throw refuse(
      `The input ${quoted(input.name)} has the shape [${tensor.shape.dim.map(describeSide).join(', ')}]. Needed are rows, then one to ` +
        'three fixed sides: [N, features], [N, channels, length] or [N, channels, height, width].',
    )
  }
  return { name: input.name, shape: sides, rows: rows > 0 ? rows : null }
}

type Side = NonNullable<
  NonNullable<NonNullable<DecodedValueInfo['type']>['tensor_type']>['shape']
>['dim'][number]

const describeSide = ({ dim_value: value, dim_param: name }: Side) => {
  const number = Number(value ?? 0)
  return number === 0 ? (name ?? '?').slice(0, 40) || '?' : String(number)
}
