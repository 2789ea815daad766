/** The WASM backend: a module of SIMD kernels that works directly on the dataset's memory. */
import { streamKey } from '../../rng.js'
import type { Backend, PredictionContext, PredictionExecutor, TrainingContext } from '../backend.js'
import { createBatchedPredictor } from '../batched-predictor.js'
import {
  type Assembly,
  type Exports,
  instantiate,
  loadAssembly,
  unavailableReason,
  type Variant,
} from './module.js'
import { isNarrow } from './narrow.js'
import { WasmTrainer } from './trainer.js'
import { layOutWorkspace } from './workspace.js'

const samplingCodes = { sequential: 0, shuffle: 1, random: 2 } as const

/** A backend on one build of the module, which it loads on first use. */
export function createWasmBackend(load: () => Assembly): Backend {
  /** One instance per memory serves all trainings of a thread, since their state is in their workspaces. */
  const instances = new WeakMap<WebAssembly.Memory, Exports>()

  function instanceFor(memory: WebAssembly.Memory): Exports {
    let exports = instances.get(memory)
    if (exports === undefined) {
      exports = instantiate(load().module, memory)
      instances.set(memory, exports)
    }
    return exports
  }

  return {
    name: 'wasm',
    unavailableReason,
    variant: () => load().variant,
    workspaceBytes: (program) => layOutWorkspace(program).bytes,
    trainer: (context) => trainer(context, instanceFor(context.memory.memory), load().variant),
    predictor: (context) => predictor(context, instanceFor(context.memory.memory), load().variant),
  }
}

/** The backend on the fastest build that this runtime supports. */
export const wasmBackend = createWasmBackend(loadAssembly)

function trainer(context: TrainingContext, exports: Exports, variant: Variant): WasmTrainer {
  const { program, memory, arena, order, workspace, data, seed } = context
  const layout = layOutWorkspace(program)
  memory.int32(workspace, layout.words.length).set(layout.words)
  const orderKey = streamKey(seed, 'shuffling')
  const dropoutKey = streamKey(seed, 'dropout')
  const result = new WasmTrainer(exports, memory, workspace, layout, program.stepsPerEpoch, variant)
  result.control.write({
    program: workspace + layout.program,
    arena,
    order,
    scratch: workspace + layout.scratch,
    operationScratch: workspace + layout.operationScratch,
    ...data,
    sampling: samplingCodes[program.spec.sampling],
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

function predictor(context: PredictionContext, exports: Exports, variant: Variant): PredictionExecutor {
  const { program, memory, arena, workspace } = context
  const layout = layOutWorkspace(program)
  memory.int32(workspace, layout.words.length).set(layout.words)
  const scratch = workspace + layout.scratch
  const operationScratch = workspace + layout.operationScratch
  return createBatchedPredictor(context, variant, (rows) =>
    exports.predict(workspace, arena, scratch, operationScratch, rows),
  )
}
