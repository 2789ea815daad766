/** The fields of decoded ONNX messages that an import reads. Absent fields have the defaults of the schema. */

/** protobufjs decodes numbers of 64 bits as objects, which Number converts. */
type Integer = number | { toString(): string }

export interface DecodedTensor {
  name: string
  dims: Integer[]
  data_type: number
  raw_data: Uint8Array
  float_data: number[]
  double_data: number[]
  int64_data: Integer[]
  external_data: object[]
  data_location: number
}

export interface DecodedAttribute {
  name: string
  type: number
  f: number
  i: Integer
  s: Uint8Array
  t: DecodedTensor | null
  floats: number[]
  ints: Integer[]
}

export interface DecodedNode {
  name: string
  op_type: string
  domain: string
  input: string[]
  output: string[]
  attribute: DecodedAttribute[]
}

export interface DecodedValueInfo {
  name: string
  type: {
    tensor_type: {
      elem_type: number
      shape: { dim: { dim_value?: Integer; dim_param?: string }[] } | null
    } | null
  } | null
}

interface DecodedGraph {
  node: DecodedNode[]
  initializer: DecodedTensor[]
  sparse_initializer: object[]
  input: DecodedValueInfo[]
  output: DecodedValueInfo[]
}

export interface DecodedModel {
  opset_import: { domain: string; version: Integer }[]
  metadata_props: { key: string; value: string }[]
  functions: object[]
  graph: DecodedGraph | null
}
