/** Decides which programs the module trains with one row per lane (assembly/narrow.ts). */
import type { Operation } from '../../operations.js'
import type { Program } from '../../program.js'

/** The general kernels fill their vectors from this width. */
const widest = 8
/** Must match narrowRows in assembly/narrow.ts. */
const rows = 4

/** True for batches of four rows, small dense layers and an elementwise loss. */
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
    // Includes weightedLoss, which only the general kernels support.
    default:
      return false
  }
}
