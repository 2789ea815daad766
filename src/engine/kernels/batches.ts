/** Prediction by backends that compute one batch in the arena: rows go in and out of it batch by batch. */
import { sizeOf } from '../arena.js'
import { tensorView } from '../weights.js'
import type { PredictionExecutor, PredictionPlace } from './kernels.js'

/** @param predictBatch computes the first so many rows of the buffer `input`. */
export function inBatches(
  { program, memory, arena }: PredictionPlace,
  detail: string | null,
  predictBatch: (rows: number) => void,
): PredictionExecutor {
  const floats = memory.float32(arena, program.floats)
  const view = ({ byteOffset, length }: { byteOffset: number; length: number }) =>
    memory.float32(byteOffset, length)
  const input = view(tensorView(program, floats, program.input))
  const output = view(tensorView(program, floats, program.output))
  const features = sizeOf(program.network.inputShape)
  const width = sizeOf(program.outputShape)
  const { capacity } = program
  return {
    detail,
    predict(inputs, outputs) {
      const rows = inputs.length / features
      for (let first = 0; first < rows; first += capacity) {
        const count = Math.min(capacity, rows - first)
        input.set(inputs.subarray(first * features, (first + count) * features))
        predictBatch(count)
        outputs.set(output.subarray(0, count * width), first * width)
      }
    },
  }
}
