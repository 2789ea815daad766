/** Prediction on backends that compute one batch at a time: copies rows into and out of the arena. */
import { elementCount } from '../arena.js'
import { tensorView } from '../weights.js'
import type { PredictionContext, PredictionExecutor } from './backend.js'

/** @param predictBatch computes the first `rows` rows of the buffer `input`. */
export function createBatchedPredictor(
  { program, memory, arena }: PredictionContext,
  detail: string | null,
  predictBatch: (rows: number) => void,
): PredictionExecutor {
  const floats = memory.float32(arena, program.floats)
  const view = ({ byteOffset, length }: { byteOffset: number; length: number }) =>
    memory.float32(byteOffset, length)
  const input = view(tensorView(program, floats, program.input))
  const output = view(tensorView(program, floats, program.output))
  const features = elementCount(program.network.inputShape)
  const width = elementCount(program.outputShape)
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
