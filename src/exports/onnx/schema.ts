/** The messages of ONNX files, by the official schema. */
import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'

const schemaFile = new URL('../../../third_party/onnx/onnx.proto3', import.meta.url)

let root: protobuf.Root | undefined

/** A message type of the schema, such as ModelProto. Its fields have the names of the schema. */
export function onnxMessage(name: string): protobuf.Type {
  root ??= protobuf.parse(readFileSync(schemaFile, 'utf8'), { keepCase: true }).root
  return root.lookupType(`onnx.${name}`)
}

export const elementTypes = { float32: 1, int64: 7, string: 8, bool: 9, float64: 11 } as const

/** TensorProto: numbers are little-endian in `raw_data`. */
export interface TensorMessage {
  name: string
  dims: number[]
  data_type: number
  raw_data?: Uint8Array
  string_data?: Uint8Array[]
}

/** `AttributeProto.type`. */
export const attributeTypes = { float: 1, int: 2, string: 3, ints: 7, strings: 8 } as const

export interface AttributeMessage {
  name: string
  type: number
  f?: number
  i?: number
  s?: Uint8Array
  ints?: number[]
  strings?: Uint8Array[]
}

export interface NodeMessage {
  name: string
  op_type: string
  domain: string
  input: string[]
  output: string[]
  attribute: AttributeMessage[]
}

export interface ValueMessage {
  name: string
  type: {
    tensor_type: {
      elem_type: number
      shape: { dim: ({ dim_param: string } | { dim_value: number })[] }
    }
  }
}

export interface GraphMessage {
  name: string
  node: NodeMessage[]
  initializer: TensorMessage[]
  input: ValueMessage[]
  output: ValueMessage[]
}

interface ModelMessage {
  ir_version: number
  producer_name: string
  domain: string
  model_version: number
  doc_string: string
  opset_import: { domain: string; version: number }[]
  metadata_props: { key: string; value: string }[]
  graph: GraphMessage
}

/** The bytes of a model file. @throws Error if the message does not fit the schema */
export function encodeModel(model: ModelMessage): Uint8Array {
  const type = onnxMessage('ModelProto')
  const error = type.verify(model)
  if (error !== null) throw new Error(`the ONNX model does not fit its schema: ${error}`)
  return type.encode(model).finish()
}
