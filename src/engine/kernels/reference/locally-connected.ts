/**
 * Locally connected layers by definition: filter f has weight[i, j, f] and bias[i, j, f] at position (i, j);
 * x (rows, channels, height, width), y (rows, filters, outputHeight, outputWidth).
 */
import type { OperationOf } from '../../operations.js'
import { activationFunctions } from './activation.js'
import { optionalView, type Run, view } from './run.js'

type Sizes = OperationOf<'locallyConnectedBackwardInput'>['attributes']

/** Calls `visit` for each output, with its offset, its filter, and its position in the image. */
function overPositions(
  { filters, outputHeight, outputWidth }: Sizes,
  rows: number,
  visit: (output: number, row: number, filter: number, i: number, j: number) => void,
): void {
  let output = 0
  for (let row = 0; row < rows; row++) {
    for (let filter = 0; filter < filters; filter++) {
      for (let i = 0; i < outputHeight; i++) {
        for (let j = 0; j < outputWidth; j++) visit(output++, row, filter, i, j)
      }
    }
  }
}

/** Calls `visit` for each output and tap, with the offsets of the output, the input cell and the weight. */
function overTaps(
  sizes: Sizes,
  rows: number,
  visit: (output: number, cell: number, weight: number) => void,
): void {
  const { channels, height, width, filters, kernelHeight, kernelWidth, strideY, strideX, outputWidth } = sizes
  overPositions(sizes, rows, (output, row, filter, i, j) => {
    let weight = ((i * outputWidth + j) * filters + filter) * channels * kernelHeight * kernelWidth
    for (let channel = 0; channel < channels; channel++) {
      for (let k = 0; k < kernelHeight; k++) {
        const line = (row * channels + channel) * height + i * strideY + k
        for (let l = 0; l < kernelWidth; l++) visit(output, line * width + j * strideX + l, weight++)
      }
    }
  })
}

/** Calls `visit` for each output, with the offsets of the output and its bias. */
function overOutputs(sizes: Sizes, rows: number, visit: (output: number, bias: number) => void): void {
  const { filters, outputWidth } = sizes
  overPositions(sizes, rows, (output, _, filter, i, j) => {
    visit(output, (i * outputWidth + j) * filters + filter)
  })
}

export function locallyConnectedForward(operation: OperationOf<'locallyConnectedForward'>, run: Run): void {
  const sizes = operation.attributes
  const x = view(run, operation.operands.x)
  const weight = view(run, operation.operands.weight)
  const bias = optionalView(run, operation.operands.bias)
  const y = view(run, operation.operands.y)
  const z = optionalView(run, operation.operands.z)
  const sums = new Float64Array(run.rows * sizes.filters * sizes.outputHeight * sizes.outputWidth)
  overTaps(sizes, run.rows, (output, cell, tap) => {
    sums[output] = sums[output] + x[cell] * weight[tap]
  })
  const { value } = activationFunctions[sizes.activation]
  overOutputs(sizes, run.rows, (output, at) => {
    const sum = sums[output] + (bias === null ? 0 : bias[at])
    if (z !== null) z[output] = sum
    y[output] = value(sum)
  })
}

export function locallyConnectedBackwardWeights(
  operation: OperationOf<'locallyConnectedBackwardWeights'>,
  run: Run,
): void {
  const sizes = operation.attributes
  const x = view(run, operation.operands.x)
  const dz = view(run, operation.operands.dz)
  const dWeight = view(run, operation.operands.dWeight)
  const dBias = optionalView(run, operation.operands.dBias)
  const sums = new Float64Array(dWeight.length)
  overTaps(sizes, run.rows, (output, cell, tap) => {
    sums[tap] = sums[tap] + dz[output] * x[cell]
  })
  dWeight.set(sums)
  if (dBias === null) return
  const biasSums = new Float64Array(dBias.length)
  overOutputs(sizes, run.rows, (output, at) => {
    biasSums[at] = biasSums[at] + dz[output]
  })
  dBias.set(biasSums)
}

export function locallyConnectedBackwardInput(
  operation: OperationOf<'locallyConnectedBackwardInput'>,
  run: Run,
): void {
  const sizes = operation.attributes
  const dz = view(run, operation.operands.dz)
  const weight = view(run, operation.operands.weight)
  const sums = new Float64Array(run.rows * sizes.channels * sizes.height * sizes.width)
  overTaps(sizes, run.rows, (output, cell, tap) => {
    sums[cell] = sums[cell] + dz[output] * weight[tap]
  })
  view(run, operation.operands.dx).set(sums)
}
