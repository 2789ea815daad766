/** The native backend: kernels in C++ for the machine's widest vectors, whole slices in one call. */
import { sizeOf } from '../../arena.js'
import { targetStride } from '../../dataset.js'
import { encode } from '../../encoding.js'
import { streamKey } from '../../rng.js'
import type { Backend, PredictionExecutor, PredictionPlace, TrainingPlace } from '../kernels.js'
import { loadAddon, whyUnavailable } from './addon.js'
import type { Variant } from './addon-files.js'
import { NativeTrainer } from './trainer.js'

const samplings = { sequential: 0, shuffle: 1, random: 2 } as const

function trainer(place: TrainingPlace, wanted: Variant | null): NativeTrainer {
  const { program, memory, data, seed, threads } = place
  const { addon, variant } = loadAddon(wanted)
  const features = sizeOf(program.network.inputShape ?? [])
  const stride = targetStride(program.data)
  const arena = memory.float32(place.arena, program.floats)
  const order = memory.int32(place.order, data.trainingRows)
  const orderKey = streamKey(seed, 'shuffling')
  const dropoutKey = streamKey(seed, 'dropout')
  const numbers = Float64Array.of(
    data.trainingRows,
    data.validationRows,
    samplings[program.spec.sampling],
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
  { program, memory, arena, threads }: PredictionPlace,
  wanted: Variant | null,
): PredictionExecutor {
  const { addon, variant } = loadAddon(wanted)
  const floats = memory.float32(arena, program.floats)
  const handle = addon.predictor(variant, encode(program), floats, threads)
  // The closure holds the arena, so that its memory lives as long as the predictor.
  const kept = { handle, floats }
  return {
    detail: variant,
    predict(inputs, outputs) {
      addon.predict(kept.handle, inputs, outputs)
    },
  }
}

/** The backend over the kernels of one kind of vector, or the fastest that run here. */
export function nativeBackendOver(variant: Variant | null): Backend {
  return {
    name: 'native',
    unavailable: whyUnavailable,
    // The addon keeps its own scratch memory, at most `threadBytes` a thread.
    workspaceBytes: () => 0,
    trainer: (place) => trainer(place, variant),
    predictor: (place) => predictor(place, variant),
  }
}

export const nativeBackend: Backend = nativeBackendOver(null)
