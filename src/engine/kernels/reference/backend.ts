/** The reference backend: runs everywhere, and is what the others are held to. */
import { sizeOf } from '../../arena.js'
import { targetStride } from '../../dataset.js'
import { inBatches } from '../batches.js'
import type { Backend } from '../kernels.js'
import { ReferenceTrainer, runOver } from './executor.js'
import { perform } from './kernels.js'

export const referenceBackend: Backend = {
  name: 'reference',
  unavailable: () => null,
  workspaceBytes: () => 0,
  trainer({ program, memory, arena, order, data, seed }) {
    const features = sizeOf(program.network.inputShape)
    const stride = targetStride(program.data)
    return new ReferenceTrainer(
      program,
      memory.float32(arena, program.floats),
      memory.int32(order, data.trainingRows),
      {
        trainingX: memory.float32(data.trainingX, data.trainingRows * features),
        trainingY: memory.float32(data.trainingY, data.trainingRows * stride),
        validationX: memory.float32(data.validationX, data.validationRows * features),
        validationY: memory.float32(data.validationY, data.validationRows * stride),
      },
      seed,
    )
  },
  predictor(place) {
    const { program, memory, arena } = place
    const run = runOver(program, memory.float32(arena, program.floats), 0)
    return inBatches(place, null, (rows) => {
      run.rows = rows
      for (const operation of program.lists.prediction) perform(operation, run)
    })
  },
}
