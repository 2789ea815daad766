/** Predictions of a trained network. */
import type { Network } from '../contract/network.js'
import { elementCount } from './arena.js'
import { compilePrediction } from './compile.js'
import type { BackendName, PredictionExecutor } from './kernels/backend.js'
import { selectBackend } from './kernels/backends.js'
import { SharedMemory } from './memory.js'
import type { NetworkProgram } from './program.js'
import { viewWeights, type WeightShapes, type Weights, weightBuffers, writeWeights } from './weights.js'

interface PredictionOptions {
  backend: BackendName | 'auto'
  /** Maximum rows per batch; default 64. */
  batchSize?: number
  /** 1 … 256, default 1: threads that share a batch, on backends with threads (native). */
  threads?: number
  /** Whether to predict the values before the last activation; default false. */
  logits?: boolean
}

const defaultBatchSize = 64

/** Estimated overhead of each output value of a layer, such as an exponential, and of each operation. */
const flopsPerValue = 20
const flopsPerOperation = 1_000

export interface PredictionCost {
  /**
   * Estimated cost of predicting `rows` rows, in floating-point operations or their equivalent in time: the forward
   * pass plus an overhead for each value and each operation.
   */
  flops(rows: number): number
  /** Memory per row of a batch, weights excluded. */
  bytesPerRow: number
}

/**
 * Estimates the cost of a Predictor.
 * @throws SpecError when the layers do not fit together or inputShape is missing.
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

/** Predicts rows. */
export interface RowPredictor {
  /**
   * @param inputs rows × features, row-major.
   * @returns rows × outputs, row-major.
   * @throws RangeError when the numbers do not divide into rows.
   */
  predict(inputs: Float32Array): Float32Array
}

export function createRowPredictor(
  executor: PredictionExecutor,
  { network, outputShape }: NetworkProgram,
): RowPredictor {
  const features = elementCount(network.inputShape)
  const width = elementCount(outputShape)
  // A backend makes V8 move the elements of a small array out of its heap, which takes longer than predicting a row.
  const one = { inputs: new Float32Array(features), outputs: new Float32Array(width) }
  return {
    predict(inputs) {
      if (inputs.length === features) {
        one.inputs.set(inputs)
        executor.predict(one.inputs, one.outputs)
        return one.outputs.slice()
      }
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
 * A network compiled once for many predictions, in inference mode.
 * @throws SpecError when the layers do not fit together, inputShape is missing or the weights are not the network's.
 */
export class Predictor implements RowPredictor {
  readonly backend: BackendName
  readonly backendDetail: string | null
  readonly outputShape: readonly number[]
  /** Size of its memory. */
  readonly bytes: number
  readonly #options: PredictionOptions
  readonly #program: NetworkProgram
  readonly #floats: Float32Array<SharedArrayBuffer>
  readonly #predictor: RowPredictor

  /** @param weights null when the caller writes them to `weightBuffers` before the first prediction */
  constructor(network: Network, weights: Weights | null, options: PredictionOptions) {
    const backend = selectBackend(options.backend)
    const program = compilePrediction(network, options.batchSize ?? defaultBatchSize, options.logits)
    const workspaceBytes = backend.workspaceBytes(program)
    const memory = SharedMemory.create(4 * program.floats + workspaceBytes + 128, 'fixed')
    const arena = memory.reserve(4 * program.floats)
    const workspace = memory.reserve(workspaceBytes)
    const floats = memory.float32(arena, program.floats)
    this.#options = options
    this.#program = program
    this.#floats = floats
    if (weights !== null) writeWeights(program, floats, weights)
    const executor = backend.predictor({ program, memory, arena, workspace, threads: options.threads ?? 1 })
    this.#predictor = createRowPredictor(executor, program)
    this.outputShape = program.outputShape
    this.bytes = memory.bytes
    this.backend = backend.name
    this.backendDetail = executor.detail
  }

  predict(inputs: Float32Array): Float32Array {
    return this.#predictor.predict(inputs)
  }

  /** A predictor of the values before the last activation, with a copy of the weights. */
  toLogits(): Predictor {
    const weights = viewWeights(this.#program, this.#floats)
    return new Predictor(this.#program.network, weights, { ...this.#options, logits: true })
  }

  /**
   * Views of the weights with these names and shapes, in their order, for the caller to fill.
   * @throws SpecError when the names or shapes do not match the network
   */
  weightBuffers(shapes: WeightShapes): Float32Array<SharedArrayBuffer>[] {
    return weightBuffers(this.#program, this.#floats, shapes)
  }
}

/** Compiles a network for one prediction. Use Predictor for repeated predictions. */
export function predict(
  network: Network,
  weights: Weights,
  inputs: Float32Array,
  options: PredictionOptions,
): Float32Array {
  return new Predictor(network, weights, options).predict(inputs)
}
