/** The WASM backend: a whole slice of training in one call into a module of SIMD kernels over the dataset's own memory. */
import { streamKey } from '../../rng.js'
import type { Backend, PredictionExecutor, PredictionPlace, TrainingPlace } from '../kernels.js'
import { type Exports, instantiate, loadAssembly, whyUnavailable } from './module.js'
import { WasmTrainer } from './trainer.js'
import { layOut } from './workspace.js'

/** One instance per memory serves all trainings of a thread: their state is in their workspaces. */
const instances = new WeakMap<WebAssembly.Memory, Exports>()

function instanceOver(memory: WebAssembly.Memory): Exports {
  let exports = instances.get(memory)
  if (exports === undefined) {
    exports = instantiate(loadAssembly().module, memory)
    instances.set(memory, exports)
  }
  return exports
}

const samplings = { sequential: 0, shuffle: 1, random: 2 } as const

function trainer(place: TrainingPlace): WasmTrainer {
  const { program, memory, arena, order, workspace, data, seed } = place
  const layout = layOut(program)
  memory.int32(workspace, layout.words.length).set(layout.words)
  const orderKey = streamKey(seed, 'shuffling')
  const dropoutKey = streamKey(seed, 'dropout')
  const exports = instanceOver(memory.memory)
  const result = new WasmTrainer(
    exports,
    memory,
    workspace,
    layout,
    program.stepsPerEpoch,
    loadAssembly().variant,
  )
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
  })
  return result
}

function predictor({ program, memory, arena, workspace }: PredictionPlace): PredictionExecutor {
  const layout = layOut(program)
  memory.int32(workspace, layout.words.length).set(layout.words)
  const exports = instanceOver(memory.memory)
  const scratch = workspace + layout.scratch
  const room = workspace + layout.room
  return {
    detail: loadAssembly().variant,
    predict(rows) {
      exports.predict(workspace, arena, scratch, room, rows)
    },
  }
}

export const wasmBackend: Backend = {
  name: 'wasm',
  unavailable: whyUnavailable,
  workspaceBytes: (program) => layOut(program).bytes,
  trainer,
  predictor,
}
