/** Dense layers by definition: three matrix products. */
import type { OperationOf } from '../../operations.js'
import { activationFunctions } from './activation.js'
import { optionalView, type Run, view } from './run.js'

export function denseForward(operation: OperationOf<'denseForward'>, run: Run): void {
  const { inputs, units, activation } = operation.attributes
  const x = view(run, operation.operands.x) // (rows, inputs)
  const weight = view(run, operation.operands.weight) // (units, inputs)
  const bias = optionalView(run, operation.operands.bias) // (units)
  const y = view(run, operation.operands.y) // (rows, units)
  const z = optionalView(run, operation.operands.z) // (rows, units)
  const { value } = activationFunctions[activation]
  for (let row = 0; row < run.rows; row++) {
    for (let unit = 0; unit < units; unit++) {
      let sum = bias === null ? 0 : bias[unit]
      for (let i = 0; i < inputs; i++) sum += x[row * inputs + i] * weight[unit * inputs + i]
      if (z !== null) z[row * units + unit] = sum
      y[row * units + unit] = value(sum)
    }
  }
}

export function denseBackwardWeights(operation: OperationOf<'denseBackwardWeights'>, run: Run): void {
  const { inputs, units } = operation.attributes
  const x = view(run, operation.operands.x) // (rows, inputs)
  const dz = view(run, operation.operands.dz) // (rows, units)
  const dWeight = view(run, operation.operands.dWeight) // (units, inputs)
  const dBias = optionalView(run, operation.operands.dBias) // (units)
  const sums = new Float64Array(inputs)
  for (let unit = 0; unit < units; unit++) {
    let biasSum = 0
    sums.fill(0)
    for (let row = 0; row < run.rows; row++) {
      const grad = dz[row * units + unit]
      biasSum += grad
      for (let i = 0; i < inputs; i++) sums[i] = sums[i] + grad * x[row * inputs + i]
    }
    dWeight.set(sums, unit * inputs)
    if (dBias !== null) dBias[unit] = biasSum
  }
}

export function denseBackwardInput(operation: OperationOf<'denseBackwardInput'>, run: Run): void {
  const { inputs, units } = operation.attributes
  const dz = view(run, operation.operands.dz) // (rows, units)
  const weight = view(run, operation.operands.weight) // (units, inputs)
  const dx = view(run, operation.operands.dx) // (rows, inputs)
  const sums = new Float64Array(inputs)
  for (let row = 0; row < run.rows; row++) {
    sums.fill(0)
    for (let unit = 0; unit < units; unit++) {
      const grad = dz[row * units + unit]
      for (let i = 0; i < inputs; i++) sums[i] = sums[i] + grad * weight[unit * inputs + i]
    }
    dx.set(sums, row * inputs)
  }
}
