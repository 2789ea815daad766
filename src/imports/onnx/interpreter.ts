/**
 * Follows a graph node by node. The graph must be a chain: one value is computed from the input, and each layer takes the
 * value before it. Beside the chain there are constants, computations of shapes, and elementwise expressions of the value.
 */

import type { ImportedNetwork } from '../imported-network.js'
import { quoted, refuse } from '../refuse.js'
import { combine, type Expression, expressionOperators, recognize } from './expression.js'
import { computeIntegers, type Integers } from './integers.js'
import { NetworkBuilder, type Weight } from './network-builder.js'
import type { OnnxNode } from './node.js'
import { type OperatorContext, operators } from './operators.js'
import { type GraphInput, type OnnxGraph, readInput } from './read-onnx.js'
import { type ConstantValue, readConstant } from './tensors.js'
import { type Side, views } from './views.js'

/** The output of the last layer when it was computed, by the number of layers and views before it. */
interface ChainValue {
  kind: 'chain'
  step: number
}

type Value = ChainValue | Integers | (Expression & { step: number }) | ({ kind: 'weights' } & Weight)

const supported = [...new Set([...Object.keys(operators), ...Object.keys(views), ...expressionOperators])]
  .filter((operator) => operator !== 'Pad')
  .toSorted()

/** @throws Problem `invalid-model` naming the node and its operator */
export function interpret(graph: OnnxGraph): Pick<ImportedNetwork, 'network' | 'sources'> {
  return new Interpreter(graph).run()
}

class Interpreter {
  readonly #values = new Map<string, Value | null>()
  readonly #builder: NetworkBuilder
  readonly #input: GraphInput
  readonly #context: OperatorContext
  /** How many nodes read a value for its numbers. */
  readonly #readers = new Map<string, number>()
  #step = 0

  constructor(private readonly graph: OnnxGraph) {
    this.#input = readInput(graph)
    this.#builder = new NetworkBuilder(this.#input.shape)
    this.#context = {
      opset: graph.opset,
      builder: this.#builder,
      weight: (node, input) => this.#weight(node, input),
      scalar: (node, input) => this.#scalar(node, input),
      integers: (node, input) =>
        this.#sides(node, input)?.map((side) => (side === 'rows' ? Number.NaN : side)),
    }
    for (const [name, constant] of graph.constants) this.#values.set(name, constant && toValue(constant))
    this.#values.set(this.#input.name, { kind: 'chain', step: 0 })
    for (const node of graph.nodes) {
      if (node.operator === 'Shape') continue
      for (const name of node.inputs) this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1)
    }
  }

  run(): Pick<ImportedNetwork, 'network' | 'sources'> {
    const { nodes, outputs } = this.graph
    if (outputs.length !== 1) {
      throw refuse(`The ONNX file has ${outputs.length} outputs. A network here has one.`)
    }
    for (const node of nodes) this.#follow(node)
    const output = this.#values.get(outputs[0])
    if (output === undefined) throw refuse(`No node computes the output ${quoted(outputs[0])}.`)
    const last = nodes.at(-1)
    if (last === undefined) throw refuse('The ONNX file has no nodes.')
    this.#settle(last, output)
    const result = this.#builder.finish(last)
    if (result.network.layers.length === 0)
      throw refuse('The ONNX file computes nothing: its output is its input.')
    return result
  }

  #follow(node: OnnxNode): void {
    const [output = '', ...more] = node.outputs
    if (more.some((name) => name !== '') && node.operator !== 'Dropout') {
      throw node.refuse(`it has ${node.outputs.length} outputs; only the first is supported`)
    }
    if (output === '' || this.#values.has(output))
      throw node.refuse(`its output ${quoted(output)} is computed twice`)
    this.#values.set(output, this.#compute(node))
  }

  #compute(node: OnnxNode): Value | null {
    if (node.operator === 'Constant') return readConstantNode(node)
    const operands = node.inputs.map((name) => (name === '' ? undefined : this.#requireValue(node, name)))
    const [first] = operands
    if (first?.kind === 'weights') {
      const constant = computeWeight(node, first)
      if (constant !== null) return constant
    }
    if (node.operator === 'Shape' && first !== undefined) return this.#shape(first)
    if (first?.kind === 'integers') {
      const integers = computeIntegers(
        node,
        operands.filter((each) => each?.kind === 'integers'),
      )
      if (integers === null) throw node.refuse('this computation of shapes is not supported')
      return integers
    }
    return this.#computeRows(node, operands)
  }

  /** A layer, a view, or an elementwise computation. */
  #computeRows(node: OnnxNode, operands: readonly (Value | undefined)[]): Value {
    const { operator, inputs } = node
    const [first, second] = operands
    const isShared = (this.#readers.get(inputs[0] ?? '') ?? 0) > 1
    if (first !== undefined && Object.hasOwn(views, operator)) {
      this.#settle(node, first)
      this.#builder.shape = views[operator](node, {
        shape: this.#builder.shape,
        rows: this.#input.rows,
        opset: this.graph.opset,
        sides: (_, input) => this.#sides(node, input),
      })
      return this.#next()
    }
    const isUnary =
      Object.hasOwn(operators, operator) && !(isShared && expressionOperators.includes(operator))
    if (first !== undefined && isUnary) {
      this.#settle(node, first)
      operators[operator](node, this.#context)
      return this.#next()
    }
    if (
      operator === 'Add' &&
      first?.kind === 'chain' &&
      second?.kind === 'weights' &&
      first.step === this.#step
    ) {
      if (!isShared && this.#builder.addBias(second)) return this.#next()
    }
    return this.#express(node, operands)
  }

  #express(node: OnnxNode, operands: readonly (Value | undefined)[]): Value {
    const parts = operands.map((value) => this.#operand(node, value))
    const isKnown = expressionOperators.includes(node.operator)
    const expression = isKnown ? combine(node, parts) : null
    if (expression === null) {
      throw node.refuse(`the operator is not supported here. Supported are ${supported.join(', ')}`)
    }
    return { ...expression, step: this.#step }
  }

  #operand(node: OnnxNode, value: Value | undefined): Expression | number {
    switch (value?.kind) {
      case 'chain':
        this.#requireCurrent(node, value.step)
        return { kind: 'expression', evaluate: (x) => x, nodes: [] }
      case 'expression':
        this.#requireCurrent(node, value.step)
        return value
      case 'weights': {
        const number = readScalar(value)
        if (number !== undefined) return number
        throw node.refuse(
          `it computes with the constant ${quoted(value.tensor.name)} of the shape [${value.tensor.shape.join(', ')}]; supported are ` +
            'single numbers, and a bias after a product. Scale inputs by the coding instead',
        )
      }
      case 'integers':
      case undefined:
        throw node.refuse('one of its inputs is absent or a shape')
      default:
        return value satisfies never
    }
  }

  /** Brings the chain to this value, which a layer is about to take. */
  #settle(node: OnnxNode, value: Value | null): void {
    switch (value?.kind) {
      case 'chain':
        this.#requireCurrent(node, value.step)
        return
      case 'expression': {
        this.#requireCurrent(node, value.step)
        const activation = recognize(value)
        if (activation === null) {
          const titles = value.nodes.map(({ title }) => title).join(', ')
          throw node.refuse(`its input is computed by ${titles}, which is not an activation of this service`)
        }
        if (activation !== 'linear') this.#builder.activate(node, activation)
        return
      }
      default:
        throw node.refuse('it does not compute from the rows of the input')
    }
  }

  #requireCurrent(node: OnnxNode, step: number): void {
    if (step === this.#step) return
    throw node.refuse('it reads a value that another layer also reads; only chains of layers are supported')
  }

  #next(): ChainValue {
    this.#step += 1
    return { kind: 'chain', step: this.#step }
  }

  #requireValue(node: OnnxNode, name: string): Value {
    const value = this.#values.get(name)
    if (value === null) throw node.refuse(`the type of its input ${quoted(name)} is not supported`)
    if (value !== undefined) return value
    throw node.refuse(
      `its input ${quoted(name)} is not computed before it: the graph is not sorted, or has a cycle`,
    )
  }

  #shape(value: Value): Integers | null {
    if (value.kind !== 'chain' || value.step !== this.#step) return null
    return { kind: 'integers', values: ['rows', ...this.#builder.shape], rank: 1 }
  }

  #weight(node: OnnxNode, input: number): Weight | undefined {
    const name = node.inputs[input] ?? ''
    if (name === '') return undefined
    const value = this.#requireValue(node, name)
    if (value.kind === 'weights') return value
    throw node.refuse(`its input ${quoted(name)} is computed; only constant weights are supported`)
  }

  #scalar(node: OnnxNode, input: number): number | undefined {
    const weight = this.#weight(node, input)
    return weight === undefined ? undefined : readScalar(weight)
  }

  #sides(node: OnnxNode, input: number): readonly Side[] | undefined {
    const name = node.inputs[input] ?? ''
    if (name === '') return undefined
    const value = this.#requireValue(node, name)
    return value.kind === 'integers' ? value.values : undefined
  }
}

function toValue(constant: ConstantValue): Value {
  return constant.kind === 'weights'
    ? { kind: 'weights', tensor: constant.tensor, transposed: false }
    : constant
}

/** Null for another operator. */
function computeWeight(node: OnnxNode, weight: Weight): Value | null {
  if (node.operator === 'Identity') return { kind: 'weights', ...weight }
  const isTranspose = node.operator === 'Transpose' && weight.tensor.shape.length === 2
  const order = node.ints('perm') ?? [1, 0]
  if (!isTranspose || order.join() !== '1,0') return null
  return { kind: 'weights', tensor: weight.tensor, transposed: !weight.transposed }
}

function readConstantNode(node: OnnxNode): Value | null {
  const { t: tensor } = node.attribute('value') ?? {}
  if (tensor != null) {
    const constant = readConstant(tensor, node.outputs[0] ?? '')
    return constant && toValue(constant)
  }
  const float = node.attribute('value_float')
  if (float !== undefined) return scalarValue(node, float.f)
  const integer = node.attribute('value_int')
  if (integer !== undefined) return { kind: 'integers', values: [Number(integer.i)], rank: 0 }
  const integers = node.ints('value_ints')
  if (integers !== undefined) return { kind: 'integers', values: integers, rank: 1 }
  throw node.refuse('it has no tensor, number or list of whole numbers')
}

function scalarValue(node: OnnxNode, value: number): Value {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return {
    kind: 'weights',
    tensor: { name: node.outputs[0] ?? '', shape: [], type: 'F32', bytes },
    transposed: false,
  }
}

/** The number of a constant of one number; undefined for more. */
function readScalar({ tensor: { bytes, type, shape } }: Weight): number | undefined {
  if (shape.some((side) => side !== 1) || bytes.length === 0) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (type === 'F32') return view.getFloat32(0, true)
  return type === 'F64' ? view.getFloat64(0, true) : undefined
}
