/** Activations by definition, with their derivatives. */
import type { ElementActivation, OperationOf } from '../../operations.js'
import { type Run, view } from './run.js'

interface ActivationFunction {
  value(z: number): number
  /** The derivative, from the output y, or from the input z if the catalogue says so. */
  derivative(source: number): number
}

/** erf to about 1e-15: Abramowitz & Stegun 7.1.6 (series) for |x| < 3, 7.1.14 (continued fraction) otherwise. */
export function erf(x: number): number {
  const size = Math.abs(x)
  if (size > 6) return Math.sign(x)
  if (size < 3) {
    let term = x
    let sum = x
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1)
      sum += term
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
  }
  let fraction = 0
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (size + fraction)
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * (size + fraction)))
}

export function sigmoid(z: number): number {
  if (z >= 0) return 1 / (1 + Math.exp(-z))
  const e = Math.exp(z)
  return e / (1 + e)
}

/** ln(1 + e^z) without overflow. */
export function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)))
}

const normalDensity = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
const normalDistribution = (z: number) => (1 + erf(z / Math.SQRT2)) / 2

export const activationFunctions: Readonly<Record<ElementActivation, ActivationFunction>> = {
  linear: { value: (z) => z, derivative: () => 1 },
  step: { value: (z) => (z >= 0 ? 1 : 0), derivative: () => 0 },
  sigmoid: { value: sigmoid, derivative: (y) => y * (1 - y) },
  tanh: { value: Math.tanh, derivative: (y) => 1 - y * y },
  relu: { value: (z) => Math.max(0, z), derivative: (y) => (y > 0 ? 1 : 0) },
  leakyRelu: { value: (z) => (z > 0 ? z : 0.01 * z), derivative: (y) => (y > 0 ? 1 : 0.01) },
  elu: { value: (z) => (z > 0 ? z : Math.expm1(z)), derivative: (y) => (y > 0 ? 1 : y + 1) },
  gelu: {
    value: (z) => z * normalDistribution(z),
    derivative: (z) => normalDistribution(z) + z * normalDensity(z),
  },
  softplus: { value: softplus, derivative: (y) => -Math.expm1(-y) },
}

export function activationForward(operation: OperationOf<'activationForward'>, run: Run): void {
  const { size, activation } = operation.attributes
  const x = view(run, operation.operands.x)
  const y = view(run, operation.operands.y)
  const { value } = activationFunctions[activation]
  for (let i = 0; i < run.rows * size; i++) y[i] = value(x[i])
}

export function activationBackward(operation: OperationOf<'activationBackward'>, run: Run): void {
  const { size, activation } = operation.attributes
  const source = view(run, operation.operands.source)
  const dy = view(run, operation.operands.dy)
  const { derivative } = activationFunctions[activation]
  for (let i = 0; i < run.rows * size; i++) dy[i] = dy[i] * derivative(source[i])
}

export function softmaxForward(operation: OperationOf<'softmaxForward'>, run: Run): void {
  const { size } = operation.attributes
  const x = view(run, operation.operands.x)
  const y = view(run, operation.operands.y)
  for (let row = 0; row < run.rows; row++) {
    const start = row * size
    let largest = -Infinity
    for (let i = 0; i < size; i++) largest = Math.max(largest, x[start + i])
    let sum = 0
    for (let i = 0; i < size; i++) sum += Math.exp(x[start + i] - largest)
    for (let i = 0; i < size; i++) y[start + i] = Math.exp(x[start + i] - largest) / sum
  }
}

export function softmaxBackward(operation: OperationOf<'softmaxBackward'>, run: Run): void {
  const { size } = operation.attributes
  const y = view(run, operation.operands.y)
  const dy = view(run, operation.operands.dy)
  for (let row = 0; row < run.rows; row++) {
    const start = row * size
    let product = 0
    for (let i = 0; i < size; i++) product += dy[start + i] * y[start + i]
    for (let i = 0; i < size; i++) dy[start + i] = y[start + i] * (dy[start + i] - product)
  }
}
