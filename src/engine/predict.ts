/** A trained network answers. */
import type { Network } from '../contract/network.js'
import { sizeOf } from './arena.js'
import { compilePrediction } from './compile.js'
import type { BackendName, PredictionExecutor } from './kernels/kernels.js'
import { selectBackend } from './kernels/select.js'
import { SharedMemory } from './memory.js'
import type { NetworkProgram } from './program.js'
import { roomForWeights, type WeightShapes, type Weights, writeWeights } from './weights.js'

export interface PredictionOptions {
  backend: BackendName | 'auto'
  /** Rows computed at once at most; default 64. */
  batchSize?: number
  /** 1 … 256, default 1: threads that share a batch where the backend has its own (native). */
  threads?: number
}

const defaultBatchSize = 64

/** What a number that a layer hands on costs beside the products that make it, such as an exponential; and an operation by itself. */
const flopsPerValue = 20
const flopsPerOperation = 1_000

export interface PredictionCost {
  /**
   * To answer so many rows, in floating-point operations or what takes about as long: those of the forward pass, where
   * convolutions count at each of their positions, and something for each number and each operation.
   */
  flops(rows: number): number
  /** Of memory beside the weights, for each row of a batch. */
  bytesPerRow: number
}

/**
 * What it costs a Predictor to answer.
 * @throws SpecError as the Predictor does, of the network.
 */
export function predictionCost(network: Network): PredictionCost {
  const { flopsPerPrediction, buffers, lists } = compilePrediction(network, 1)
  const values = buffers.reduce((sum, { perRow, length }) => sum + (perRow ? length : 0), 0)
  const perRow = flopsPerPrediction + flopsPerValue * values
  const perBatch = flopsPerOperation * lists.prediction.length
  return {
    flops: (rows) => rows * perRow + Math.ceil(rows / defaultBatchSize) * perBatch,
    bytesPerRow: Float32Array.BYTES_PER_ELEMENT * values,
  }
}

/** Whatever answers rows. */
export interface Asked {
  /**
   * @param inputs rows × features, row-major.
   * @returns rows × outputs, row-major.
   * @throws RangeError when the numbers do not divide into rows.
   */
  predict(inputs: Float32Array): Float32Array
}

export function askedOver(executor: PredictionExecutor, { network, outputShape }: NetworkProgram): Asked {
  const features = sizeOf(network.inputShape)
  const width = sizeOf(outputShape)
  return {
    predict(inputs) {
      const rows = inputs.length / features
      if (!Number.isInteger(rows)) {
        throw new RangeError(`${inputs.length} numbers do not divide into rows of ${features}`)
      }
      const outputs = new Float32Array(rows * width)
      executor.predict(inputs, outputs)
      return outputs
    },
  }
}

/**
 * Compiled once, asked often; inference mode.
 * @throws SpecError when the layers do not fit together, inputShape is missing or the weights are not the network's.
 */
export class Predictor implements Asked {
  readonly backend: BackendName
  readonly backendDetail: string | null
  readonly outputShape: readonly number[]
  /** Of memory. */
  readonly bytes: number
  readonly #program: NetworkProgram
  readonly #floats: Float32Array<SharedArrayBuffer>
  readonly #asked: Asked

  /** @param weights null for whoever writes them to their `room` before the first question */
  constructor(network: Network, weights: Weights | null, options: PredictionOptions) {
    const backend = selectBackend(options.backend)
    const program = compilePrediction(network, options.batchSize ?? defaultBatchSize)
    const workspaceBytes = backend.workspaceBytes(program)
    const memory = SharedMemory.create(4 * program.floats + workspaceBytes + 128, 'fixed')
    const arena = memory.reserve(4 * program.floats)
    const workspace = memory.reserve(workspaceBytes)
    const floats = memory.float32(arena, program.floats)
    this.#program = program
    this.#floats = floats
    if (weights !== null) writeWeights(program, floats, weights)
    const executor = backend.predictor({ program, memory, arena, workspace, threads: options.threads ?? 1 })
    this.#asked = askedOver(executor, program)
    this.outputShape = program.outputShape
    this.bytes = memory.bytes
    this.backend = backend.name
    this.backendDetail = executor.detail
  }

  predict(inputs: Float32Array): Float32Array {
    return this.#asked.predict(inputs)
  }

  /**
   * Where the numbers of weights of these names and shapes go, in their order, in shared memory.
   * @throws SpecError when they are not the network's
   */
  room(shapes: WeightShapes): Float32Array<SharedArrayBuffer>[] {
    return roomForWeights(this.#program, this.#floats, shapes)
  }
}

/** One question: compiles, answers, forgets. See Predictor for many. */
export function predict(
  network: Network,
  weights: Weights,
  inputs: Float32Array,
  options: PredictionOptions,
): Float32Array {
  return new Predictor(network, weights, options).predict(inputs)
}
