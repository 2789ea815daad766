/** The WASM backend: a whole slice of training in one call into a module of SIMD kernels over the dataset's own memory. */
import { streamKey } from '../../rng.js'
import { inBatches } from '../batches.js'
import type { Backend, PredictionExecutor, PredictionPlace, TrainingPlace } from '../kernels.js'
import {
  type Assembly,
  type Exports,
  instantiate,
  loadAssembly,
  type Variant,
  whyUnavailable,
} from './module.js'
import { isNarrow } from './narrow.js'
import { WasmTrainer } from './trainer.js'
import { layOut } from './workspace.js'

const samplings = { sequential: 0, shuffle: 1, random: 2 } as const

/** The backend over one build of the module, loaded when it is first needed. */
export function wasmBackendOver(load: () => Assembly): Backend {
  /** One instance per memory serves all trainings of a thread: their state is in their workspaces. */
  const instances = new WeakMap<WebAssembly.Memory, Exports>()

  function instanceOver(memory: WebAssembly.Memory): Exports {
    let exports = instances.get(memory)
    if (exports === undefined) {
      exports = instantiate(load().module, memory)
      instances.set(memory, exports)
    }
    return exports
  }

  return {
    name: 'wasm',
    unavailable: whyUnavailable,
    workspaceBytes: (program) => layOut(program).bytes,
    trainer: (place) => trainer(place, instanceOver(place.memory.memory), load().variant),
    predictor: (place) => predictor(place, instanceOver(place.memory.memory), load().variant),
  }
}

/** On the fastest build that this runtime knows. */
export const wasmBackend = wasmBackendOver(loadAssembly)

function trainer(place: TrainingPlace, exports: Exports, variant: Variant): WasmTrainer {
  const { program, memory, arena, order, workspace, data, seed } = place
  const layout = layOut(program)
  memory.int32(workspace, layout.words.length).set(layout.words)
  const orderKey = streamKey(seed, 'shuffling')
  const dropoutKey = streamKey(seed, 'dropout')
  const result = new WasmTrainer(exports, memory, workspace, layout, program.stepsPerEpoch, variant)
  result.control.write({
    program: workspace + layout.program,
    arena,
    order,
    scratch: workspace + layout.scratch,
    room: workspace + layout.room,
    ...data,
    sampling: samplings[program.spec.sampling],
    orderLow: orderKey.low,
    orderHigh: orderKey.high,
    dropoutLow: dropoutKey.low,
    dropoutHigh: dropoutKey.high,
    orderedEpoch: -1,
    rates: workspace + layout.rates,
    metrics: workspace + layout.metrics,
    narrow: Number(isNarrow(program)),
  })
  return result
}

function predictor(place: PredictionPlace, exports: Exports, variant: Variant): PredictionExecutor {
  const { program, memory, arena, workspace } = place
  const layout = layOut(program)
  memory.int32(workspace, layout.words.length).set(layout.words)
  const scratch = workspace + layout.scratch
  const room = workspace + layout.room
  return inBatches(place, variant, (rows) => exports.predict(workspace, arena, scratch, room, rows))
}
