/** Writes small ONNX files for tests. */
import { onnxMessage } from '../../src/exports/onnx/schema.js'

export interface NodeToWrite {
  op: string
  inputs: string[]
  output?: string
  outputs?: string[]
  name?: string
  domain?: string
  ints?: Readonly<Record<string, number[]>>
  int?: Readonly<Record<string, number>>
  float?: Readonly<Record<string, number>>
  text?: Readonly<Record<string, string>>
}

export interface GraphToWrite {
  nodes: NodeToWrite[]
  /** Fields of TensorProto by name; numbers become `float_data`. */
  tensors?: Readonly<Record<string, { dims: number[]; values?: number[]; [field: string]: unknown }>>
  /** Sides of the input; texts have no fixed size. */
  input?: (number | string)[]
  inputType?: number
  outputs?: string[]
  opset?: number
  metadata?: Readonly<Record<string, string>>
}

const types = { float: 1, int: 2, text: 3, ints: 7 }

export function onnxFile({
  nodes,
  tensors = {},
  input = ['N', 2],
  inputType = 1,
  outputs = ['y'],
  opset = 17,
  metadata = {},
}: GraphToWrite): Uint8Array {
  const type = onnxMessage('ModelProto')
  const dim = input.map((side) => (typeof side === 'string' ? { dim_param: side } : { dim_value: side }))
  const message = {
    ir_version: 8,
    opset_import: [{ domain: '', version: opset }],
    metadata_props: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      node: nodes.map(toNode),
      initializer: Object.entries(tensors).map(([name, { values = [], ...fields }]) => {
        const data = 'raw_data' in fields || fields.data_type === 7 ? {} : { float_data: values }
        return { name, data_type: 1, ...data, ...fields }
      }),
      input: [{ name: 'x', type: { tensor_type: { elem_type: inputType, shape: { dim } } } }],
      output: outputs.map((name) => ({ name })),
    },
  }
  return type.encode(type.fromObject(message)).finish()
}

function toNode({ op, inputs, output, outputs, name, domain = '', ints, int, float, text }: NodeToWrite) {
  const attribute = [
    ...Object.entries(ints ?? {}).map(([each, value]) => ({ name: each, type: types.ints, ints: value })),
    ...Object.entries(int ?? {}).map(([each, value]) => ({ name: each, type: types.int, i: value })),
    ...Object.entries(float ?? {}).map(([each, value]) => ({ name: each, type: types.float, f: value })),
    ...Object.entries(text ?? {}).map(([each, value]) => ({
      name: each,
      type: types.text,
      s: Buffer.from(value),
    })),
  ]
  return {
    name: name ?? '',
    op_type: op,
    domain,
    input: inputs,
    output: outputs ?? [output ?? 'y'],
    attribute,
  }
}

/** The file with other metadata, or without. */
export function withMetadata(file: Uint8Array, metadata: Readonly<Record<string, string>>): Uint8Array {
  const type = onnxMessage('ModelProto')
  const message = type.toObject(type.decode(file))
  message.metadata_props = Object.entries(metadata).map(([key, value]) => ({ key, value }))
  return type.encode(type.fromObject(message)).finish()
}
