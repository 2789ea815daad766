/** The reference backend: runs everywhere and defines the results of the other backends. */
import { elementCount } from '../../arena.js'
import { targetStride } from '../../dataset.js'
import type { Backend } from '../backend.js'
import { createBatchedPredictor } from '../batched-predictor.js'
import { runOperation } from './dispatch.js'
import { createRun, ReferenceTrainer } from './executor.js'

export const referenceBackend: Backend = {
  name: 'reference',
  unavailableReason: () => null,
  variant: () => null,
  workspaceBytes: () => 0,
  trainer({ program, memory, arena, order, data, seed }) {
    const features = elementCount(program.network.inputShape)
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
  predictor(context) {
    const { program, memory, arena } = context
    const run = createRun(program, memory.float32(arena, program.floats), 0)
    return createBatchedPredictor(context, null, (rows) => {
      run.rows = rows
      for (const operation of program.lists.prediction) runOperation(operation, run)
    })
  },
}
