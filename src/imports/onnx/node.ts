/** A node of a graph with its attributes. */
import { quoted, refuse } from '../refuse.js'
import type { DecodedAttribute, DecodedNode } from './messages.js'

export class OnnxNode {
  readonly operator: string
  readonly inputs: readonly string[]
  /** Empty names are optional outputs that are left out. */
  readonly outputs: readonly string[]
  readonly #name: string
  readonly #attributes = new Map<string, DecodedAttribute>()

  constructor(message: DecodedNode) {
    const { domain, op_type: operator } = message
    const isStandard = domain === '' || domain === 'ai.onnx'
    this.operator = isStandard ? operator : `${domain}.${operator}`
    this.inputs = message.input
    this.outputs = message.output
    this.#name = message.name === '' ? (message.output[0] ?? '') : message.name
    for (const attribute of message.attribute) {
      if (this.#attributes.has(attribute.name))
        throw this.refuse(`it has the attribute ${attribute.name} twice`)
      this.#attributes.set(attribute.name, attribute)
    }
  }

  /** Such as `node "/fc1/Gemm" (Gemm)`. */
  get title(): string {
    return `node ${quoted(this.#name)} (${this.operator.slice(0, 60)})`
  }

  refuse(reason: string): Error {
    return refuse(`The ${this.title} cannot be imported: ${reason}.`)
  }

  attribute(name: string): DecodedAttribute | undefined {
    return this.#attributes.get(name)
  }

  int(name: string, absent: number): number {
    const attribute = this.attribute(name)
    return attribute === undefined ? absent : Number(attribute.i)
  }

  /** The shortest decimal that is the same float32: 0.1 instead of 0.10000000149011612. */
  float(name: string, absent: number): number {
    const attribute = this.attribute(name)
    return attribute === undefined ? absent : shortest(attribute.f)
  }

  text(name: string, absent: string): string {
    const attribute = this.attribute(name)
    return attribute === undefined ? absent : Buffer.from(attribute.s).toString('utf8').slice(0, 60)
  }

  ints(name: string): number[] | undefined {
    return this.attribute(name)?.ints.map(Number)
  }
}

export function shortest(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === Math.fround(value)) return short
  }
  return value
}
