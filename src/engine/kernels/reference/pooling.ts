/** Pooling by definition, over windows entirely inside the image; x (rows, channels, height, width). */
import type { OperationOf } from '../../operations.js'
import { type Run, view } from './run.js'

type Sizes = OperationOf<'maxPoolingForward'>['attributes']

/** Calls `visit` for each window, with the output's offset and the offsets of the window's cells in row-major order. */
function overWindows(sizes: Sizes, rows: number, visit: (output: number, cells: Int32Array) => void): void {
  const { channels, height, width, kernelHeight, kernelWidth, strideY, strideX } = sizes
  const cells = new Int32Array(kernelHeight * kernelWidth)
  let output = 0
  for (let plane = 0; plane < rows * channels; plane++) {
    for (let y = 0; y < sizes.outputHeight; y++) {
      for (let x = 0; x < sizes.outputWidth; x++) {
        for (let k = 0; k < kernelHeight; k++) {
          for (let l = 0; l < kernelWidth; l++) {
            cells[k * kernelWidth + l] = (plane * height + y * strideY + k) * width + x * strideX + l
          }
        }
        visit(output++, cells)
      }
    }
  }
}

export function maxPoolingForward(operation: OperationOf<'maxPoolingForward'>, run: Run): void {
  const x = view(run, operation.operands.x)
  const y = view(run, operation.operands.y)
  overWindows(operation.attributes, run.rows, (output, cells) => {
    let largest = -Infinity
    for (const cell of cells) largest = Math.max(largest, x[cell])
    y[output] = largest
  })
}

export function maxPoolingBackward(operation: OperationOf<'maxPoolingBackward'>, run: Run): void {
  const sizes = operation.attributes
  const x = view(run, operation.operands.x)
  const y = view(run, operation.operands.y)
  const dy = view(run, operation.operands.dy)
  const dx = view(run, operation.operands.dx)
  dx.fill(0, 0, run.rows * sizes.channels * sizes.height * sizes.width)
  overWindows(sizes, run.rows, (output, cells) => {
    const winner = cells.find((cell) => x[cell] === y[output])
    if (winner !== undefined) dx[winner] = dx[winner] + dy[output]
  })
}

export function averagePoolingForward(operation: OperationOf<'averagePoolingForward'>, run: Run): void {
  const x = view(run, operation.operands.x)
  const y = view(run, operation.operands.y)
  overWindows(operation.attributes, run.rows, (output, cells) => {
    let sum = 0
    for (const cell of cells) sum += x[cell]
    y[output] = sum / cells.length
  })
}

export function averagePoolingBackward(operation: OperationOf<'averagePoolingBackward'>, run: Run): void {
  const sizes = operation.attributes
  const dy = view(run, operation.operands.dy)
  const dx = view(run, operation.operands.dx)
  dx.fill(0, 0, run.rows * sizes.channels * sizes.height * sizes.width)
  overWindows(sizes, run.rows, (output, cells) => {
    const share = dy[output] / cells.length
    for (const cell of cells) dx[cell] = dx[cell] + share
  })
}
