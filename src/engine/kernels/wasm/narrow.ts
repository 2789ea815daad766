/** Which programs the module trains with rows in lanes (assembly/narrow.ts). */
import type { Operation } from '../../operations.js'
import type { Program } from '../../program.js'

/** Wider layers fill the vectors of the ordinary products as well. */
const widest = 8
/** As narrowRows there. */
const rows = 4

/** True where batches of four rows go through dense layers of few inputs and units to a loss of single elements. */
export function isNarrow(program: Program): boolean {
  const { forward, backward } = program.lists
  return program.capacity === rows && forward.every(isNarrowDense) && backward.every(isNarrowBackward)
}

function isNarrowDense(operation: Operation): boolean {
  if (operation.op !== 'denseForward') return false
  const { inputs, units } = operation.attributes
  return inputs <= widest && units <= widest
}

function isNarrowBackward(operation: Operation): boolean {
  switch (operation.op) {
    case 'loss': {
      const { loss, accuracy } = operation.attributes
      return loss !== 'categoricalCrossentropy' && accuracy !== 'argmax'
    }
    case 'denseBackwardWeights':
    case 'denseBackwardInput':
    case 'activationBackward':
      return true
    // Weights of rows too: the general kernels know them.
    default:
      return false
  }
}
