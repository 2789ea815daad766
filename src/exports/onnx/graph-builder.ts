/** Builds the graph of an ONNX model node by node. */
import type { SignatureTensor } from '../signature.js'
import {
  type AttributeMessage,
  attributeTypes,
  elementTypes,
  type GraphMessage,
  type NodeMessage,
  type TensorMessage,
  type ValueMessage,
} from './schema.js'
import { type Constant, utf8 } from './tensors.js'

/** The name of a value in the graph. */
export type Value = string

type Attribute =
  | { type: 'float'; value: number }
  | { type: 'int'; value: number }
  | { type: 'ints'; value: readonly number[] }
  | { type: 'strings'; value: readonly string[] }

export const int = (value: number): Attribute => ({ type: 'int', value })
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value })
export const float = (value: number): Attribute => ({ type: 'float', value })
export const texts = (value: readonly string[]): Attribute => ({ type: 'strings', value })

export const mlDomain = 'ai.onnx.ml'

export interface NodeOptions {
  attributes?: Readonly<Record<string, Attribute>>
  domain?: typeof mlDomain
}

export class GraphBuilder {
  readonly #nodes: NodeMessage[] = []
  readonly #initializers: TensorMessage[] = []
  readonly #inputs: ValueMessage[] = []
  readonly #outputs: ValueMessage[] = []
  readonly #names = new Set<string>()

  /** @param reserved the names of inputs and outputs, which no other value gets */
  constructor(reserved: Iterable<string>) {
    for (const name of reserved) this.#names.add(name)
  }

  input(tensor: SignatureTensor): Value {
    this.#inputs.push(describeValue(tensor))
    return tensor.name
  }

  /** Makes a value an output under the name of the tensor. */
  output(tensor: SignatureTensor, value: Value): void {
    this.#add('Identity', [value], tensor.name, {})
    this.#outputs.push(describeValue(tensor))
  }

  /** @param name the name of the constant, as in `layers.0.weight`; a number is appended if it is taken */
  constant(name: string, tensor: Constant): Value {
    const unique = this.#uniqueName(name)
    this.#initializers.push({ name: unique, ...tensor })
    return unique
  }

  /** Adds a node with one output. */
  node(operator: string, inputs: readonly Value[], options: NodeOptions = {}): Value {
    return this.#add(operator, inputs, this.#uniqueName(`${operator}_${this.#nodes.length}`), options)
  }

  cast(value: Value, type: keyof typeof elementTypes): Value {
    return this.node('Cast', [value], { attributes: { to: int(elementTypes[type]) } })
  }

  build(name: string): GraphMessage {
    return {
      name,
      node: this.#nodes,
      initializer: this.#initializers,
      input: this.#inputs,
      output: this.#outputs,
    }
  }

  #add(operator: string, inputs: readonly Value[], output: Value, options: NodeOptions): Value {
    const { attributes = {}, domain = '' } = options
    this.#nodes.push({
      name: `node ${this.#nodes.length}`,
      op_type: operator,
      domain,
      input: [...inputs],
      output: [output],
      attribute: Object.entries(attributes).map(([name, attribute]) => encodeAttribute(name, attribute)),
    })
    return output
  }

  #uniqueName(wanted: string): string {
    let name = wanted
    for (let number = 1; this.#names.has(name); number++) name = `${wanted}.${number}`
    this.#names.add(name)
    return name
  }
}

function encodeAttribute(name: string, { type, value }: Attribute): AttributeMessage {
  const head = { name, type: attributeTypes[type] }
  switch (type) {
    case 'float':
      return { ...head, f: value }
    case 'int':
      return { ...head, i: value }
    case 'ints':
      return { ...head, ints: [...value] }
    case 'strings':
      return { ...head, strings: value.map(utf8) }
    default:
      return type satisfies never
  }
}

/** The first side is the number of rows, `N`. */
function describeValue({ name, type, shape }: SignatureTensor): ValueMessage {
  const dim = shape.map((side) => (side === -1 ? { dim_param: 'N' } : { dim_value: side }))
  return { name, type: { tensor_type: { elem_type: elementTypes[type], shape: { dim } } } }
}
