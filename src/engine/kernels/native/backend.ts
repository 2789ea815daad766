/** The native backend: C++ kernels for the widest vectors of the processor, one call per slice. */
import { elementCount } from '../../arena.js'
import { targetStride } from '../../dataset.js'
import { encode } from '../../encoding.js'
import { streamKey } from '../../rng.js'
import type { Backend, PredictionContext, PredictionExecutor, TrainingContext } from '../backend.js'
import { loadAddon, unavailableReason } from './addon.js'
import type { Variant } from './addon-files.js'
import { NativeTrainer } from './trainer.js'

const samplingCodes = { sequential: 0, shuffle: 1, random: 2 } as const

function trainer(context: TrainingContext, requested: Variant | null): NativeTrainer {
  const { program, memory, data, seed, threads } = context
  const { addon, variant } = loadAddon(requested)
  const features = elementCount(program.network.inputShape ?? [])
  const stride = targetStride(program.data)
  const arena = memory.float32(context.arena, program.floats)
  const order = memory.int32(context.order, data.trainingRows)
  const orderKey = streamKey(seed, 'shuffling')
  const dropoutKey = streamKey(seed, 'dropout')
  const numbers = Float64Array.of(
    data.trainingRows,
    data.validationRows,
    samplingCodes[program.spec.sampling],
    orderKey.low,
    orderKey.high,
    dropoutKey.low,
    dropoutKey.high,
    threads,
    program.threadBytes,
  )
  const trainingX = memory.float32(data.trainingX, data.trainingRows * features)
  const trainingY = memory.float32(data.trainingY, data.trainingRows * stride)
  const validationX = memory.float32(data.validationX, data.validationRows * features)
  const validationY = memory.float32(data.validationY, data.validationRows * stride)
  const handle = addon.trainer(
    variant,
    encode(program),
    arena,
    order,
    trainingX,
    trainingY,
    validationX,
    validationY,
    numbers,
  )
  return new NativeTrainer(addon, variant, handle, [
    arena,
    order,
    trainingX,
    trainingY,
    validationX,
    validationY,
  ])
}

function predictor(
  { program, memory, arena, threads }: PredictionContext,
  requested: Variant | null,
): PredictionExecutor {
  const { addon, variant } = loadAddon(requested)
  const floats = memory.float32(arena, program.floats)
  const handle = addon.predictor(variant, encode(program), floats, threads)
  // The closure keeps the arena's memory alive.
  const kept = { handle, floats }
  return {
    detail: variant,
    predict(inputs, outputs) {
      addon.predict(kept.handle, inputs, outputs)
    },
  }
}

/** A backend with the kernels of one variant, or with the fastest available. */
export function createNativeBackend(variant: Variant | null): Backend {
  return {
    name: 'native',
    unavailableReason,
    variant: () => loadAddon(variant).variant,
    // The addon allocates its scratch memory, at most `threadBytes` per thread.
    workspaceBytes: () => 0,
    trainer: (context) => trainer(context, variant),
    predictor: (context) => predictor(context, variant),
  }
}

export const nativeBackend: Backend = createNativeBackend(null)
