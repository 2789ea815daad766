/** Convolution by definition: the cross-correlation of each filter with the image; x (rows, channels, height, width). */
import type { OperationOf } from '../../operations.js'
import { activationFunctions } from './activation.js'
import { optionalView, type Run, view } from './run.js'

type Sizes = OperationOf<'convolutionBackwardInput'>['attributes']

/** Calls `visit` for each cell under the filter at one position, except padding: offsets in the sample and the filter. */
function underFilter(
  sizes: Sizes,
  outputY: number,
  outputX: number,
  visit: (cell: number, tap: number) => void,
): void {
  const { channels, height, width, kernelHeight, kernelWidth } = sizes
  const top = outputY * sizes.strideY - sizes.padTop
  const left = outputX * sizes.strideX - sizes.padLeft
  for (let channel = 0; channel < channels; channel++) {
    for (let k = Math.max(0, -top); k < kernelHeight && top + k < height; k++) {
      for (let l = Math.max(0, -left); l < kernelWidth && left + l < width; l++) {
        visit((channel * height + top + k) * width + left + l, (channel * kernelHeight + k) * kernelWidth + l)
      }
    }
  }
}

/** Calls `visit` for each output: its offset in the batch and its coordinates. */
function overOutputs(
  sizes: Sizes,
  rows: number,
  visit: (output: number, row: number, filter: number, y: number, x: number) => void,
): void {
  const { filters, outputHeight, outputWidth } = sizes
  let output = 0
  for (let row = 0; row < rows; row++) {
    for (let filter = 0; filter < filters; filter++) {
      for (let y = 0; y < outputHeight; y++) {
        for (let x = 0; x < outputWidth; x++) visit(output++, row, filter, y, x)
      }
    }
  }
}

export function convolutionForward(operation: OperationOf<'convolutionForward'>, run: Run): void {
  const sizes = operation.attributes
  const x = view(run, operation.operands.x)
  const weight = view(run, operation.operands.weight)
  const bias = optionalView(run, operation.operands.bias)
  const y = view(run, operation.operands.y)
  const z = optionalView(run, operation.operands.z)
  const sample = sizes.channels * sizes.height * sizes.width
  const bank = sizes.channels * sizes.kernelHeight * sizes.kernelWidth
  const { value } = activationFunctions[sizes.activation]
  overOutputs(sizes, run.rows, (output, row, filter, outputY, outputX) => {
    let sum = bias === null ? 0 : bias[filter]
    underFilter(sizes, outputY, outputX, (cell, tap) => {
      sum += x[row * sample + cell] * weight[filter * bank + tap]
    })
    if (z !== null) z[output] = sum
    y[output] = value(sum)
  })
}

export function convolutionBackwardWeights(
  operation: OperationOf<'convolutionBackwardWeights'>,
  run: Run,
): void {
  const sizes = operation.attributes
  const x = view(run, operation.operands.x)
  const dz = view(run, operation.operands.dz)
  const dWeight = view(run, operation.operands.dWeight)
  const dBias = optionalView(run, operation.operands.dBias)
  const sample = sizes.channels * sizes.height * sizes.width
  const bank = sizes.channels * sizes.kernelHeight * sizes.kernelWidth
  const sums = new Float64Array(sizes.filters * bank)
  const biasSums = new Float64Array(sizes.filters)
  overOutputs(sizes, run.rows, (output, row, filter, outputY, outputX) => {
    const grad = dz[output]
    biasSums[filter] = biasSums[filter] + grad
    underFilter(sizes, outputY, outputX, (cell, tap) => {
      const weight = filter * bank + tap
      sums[weight] = sums[weight] + grad * x[row * sample + cell]
    })
  })
  dWeight.set(sums)
  dBias?.set(biasSums)
}

export function convolutionBackwardInput(operation: OperationOf<'convolutionBackwardInput'>, run: Run): void {
  const sizes = operation.attributes
  const dz = view(run, operation.operands.dz)
  const weight = view(run, operation.operands.weight)
  const dx = view(run, operation.operands.dx)
  const sample = sizes.channels * sizes.height * sizes.width
  const bank = sizes.channels * sizes.kernelHeight * sizes.kernelWidth
  const sums = new Float64Array(run.rows * sample)
  overOutputs(sizes, run.rows, (output, row, filter, outputY, outputX) => {
    const grad = dz[output]
    underFilter(sizes, outputY, outputX, (cell, tap) => {
      const to = row * sample + cell
      sums[to] = sums[to] + grad * weight[filter * bank + tap]
    })
  })
  dx.set(sums)
}
