/** Elementwise computations of one value. They are recognized as an activation by their numbers. */
import type { ElementActivation } from '../../engine/index.js'
import type { OnnxNode } from './node.js'

/** A function of the value before it. */
export interface Expression {
  kind: 'expression'
  evaluate(x: number): number
  nodes: readonly OnnxNode[]
}

const unary: Readonly<Record<string, (x: number) => number>> = {
  Identity: (x) => x,
  Neg: (x) => -x,
  Erf: erf,
  Exp: Math.exp,
  Log: Math.log,
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Tanh: Math.tanh,
  Relu: (x) => Math.max(0, x),
  Softplus: (x) => Math.log1p(Math.exp(x)),
  // Of a comparison, which gives 0 or 1 here.
  Cast: (x) => x,
}

const binary: Readonly<Record<string, (x: number, y: number) => number>> = {
  Add: (x, y) => x + y,
  Sub: (x, y) => x - y,
  Mul: (x, y) => x * y,
  Div: (x, y) => x / y,
  Max: Math.max,
  Min: Math.min,
  GreaterOrEqual: (x, y) => Number(x >= y),
  Greater: (x, y) => Number(x > y),
}

export const expressionOperators = [...Object.keys(unary), ...Object.keys(binary)]

/** An expression may share parts, so it is evaluated in as many steps as it has paths. */
const maximumNodes = 12

/** Null if the operator is no elementwise one of these operands. @param operands expressions and constants */
export function combine(node: OnnxNode, operands: readonly (Expression | number)[]): Expression | null {
  const nodes = [
    ...new Set([...operands.flatMap((each) => (typeof each === 'number' ? [] : each.nodes)), node]),
  ]
  if (nodes.length > maximumNodes) return null
  const functions = operands.map((each) => (typeof each === 'number' ? () => each : each.evaluate))
  const [first, second, third] = functions
  if (first === undefined || third !== undefined) return null
  const one = Object.hasOwn(unary, node.operator) ? unary[node.operator] : undefined
  if (one !== undefined && second === undefined)
    return { kind: 'expression', evaluate: (x) => one(first(x)), nodes }
  const two = Object.hasOwn(binary, node.operator) ? binary[node.operator] : undefined
  if (two === undefined || second === undefined) return null
  return { kind: 'expression', evaluate: (x) => two(first(x), second(x)), nodes }
}

const activations: Readonly<Record<ElementActivation, (x: number) => number>> = {
  linear: (x) => x,
  step: (x) => Number(x >= 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  relu: (x) => Math.max(0, x),
  leakyRelu: (x) => (x > 0 ? x : 0.01 * x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  gelu: (x) => (x * (1 + erf(x * Math.SQRT1_2))) / 2,
  softplus: (x) => Math.log1p(Math.exp(x)),
}

/** The approximation of gelu by tanh differs from it by up to 5e-4. */
const tolerance = 2e-6
/** From −8 to 8 in steps of 1/16, with 0. */
const samples = Array.from({ length: 257 }, (_, index) => (index - 128) / 16)

/** The activation with the same values at all sample points, or null. */
export function recognize({ evaluate }: Pick<Expression, 'evaluate'>): ElementActivation | null {
  const values = samples.map(evaluate)
  for (const [name, formula] of Object.entries(activations)) {
    const isSame = samples.every(
      (x, index) => Math.abs(formula(x) - values[index]) <= tolerance * (1 + Math.abs(x)),
    )
    if (isSame && isActivation(name)) return name
  }
  return null
}

const isActivation = (name: string): name is ElementActivation => Object.hasOwn(activations, name)

/**
 * The error function by its Maclaurin series below 3, and by its continued fraction above (Abramowitz and Stegun, Handbook
 * of Mathematical Functions, 1964, 7.1.6 and 7.1.14).
 */
function erf(x: number): number {
  const size = Math.abs(x)
  if (size > 6) return Math.sign(x)
  if (size < 3) {
    let term = (2 / Math.sqrt(Math.PI)) * x
    let sum = term
    for (let n = 1; Math.abs(term) > 1e-17; n++) {
      term *= (2 * x * x) / (2 * n + 1)
      sum += term
    }
    return sum * Math.exp(-x * x)
  }
  let fraction = 0
  for (let n = 40; n > 0; n--) fraction = n / 2 / (size + fraction)
  return Math.sign(x) * (1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (size + fraction))
}
