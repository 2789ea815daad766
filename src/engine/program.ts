/**
 * A compiled network: an arena of named buffers and five lists of operations over it. It is all an executor needs,
 * and running it does not change it.
 *
 * Arena. One range of floats (float32; float64 for gradient checks on the reference). Every buffer is alignUp to 16
 * floats (64 bytes); its offset counts floats from the arena's base. A `perRow` buffer has `capacity` rows, row-major,
 * of which the first `rows` are in use; the last batch of an epoch may be smaller. The buffer `parameters` spans all
 * parameter tensors, `gradients` their gradients in the same order with the same spacing. Alignment gaps are zero in
 * parameters, gradients and optimizer state, so that an optimizer is one operation over one range.
 *
 * Lists. A training step runs forward, backward, update; backward starts with the loss, which writes the gradient of
 * the output. `evaluation` is the forward pass in inference mode, followed by the loss without a gradient.
 * `prediction` is the forward pass in inference mode; its result is in the buffer `output`.
 *
 * Executors (interface in kernels/backend.ts). For each epoch e, counted from 0:
 * 1. Order the n rows: sequential 0 … n − 1; shuffle: rng.permute; random: rng.drawWithReplacement. The random orders
 *    use the stream `shuffling` with e as the second counter word.
 * 2. For each step s = 0 … ⌈n / capacity⌉ − 1: copy rows order[s·capacity …] of x and y into the buffers `input` and
 *    `target`, then run forward, backward, update. Runtime values: the rows of the batch, the learning rate of the
 *    epoch, and the step number t = e · ⌈n / capacity⌉ + s, which dropout and Adam's bias correction (t + 1) use.
 * 3. The loss operation adds (batch loss · rows) and the number of correct predictions to float64 sums. The epoch ends
 *    as diverged when the sum of losses is not finite.
 * 4. After the last step: loss = sum / n, accuracy = right / (n · answers per row). Then run `evaluation` over the
 *    validation rows in order, in batches of `capacity`, with separate sums. argmax counts one answer per row, the
 *    other rules one per output.
 * For a prediction the caller fills `input`, runs `prediction` for `rows` rows and reads `output`.
 *
 * Encoding (`encode`): int32 words. The header has 16 words:
 *   0 format version (1)
 *   1 capacity
 *   2 features per row of the input
 *   3 values per row of the target, the row's weight included
 *   4 values per row of the output
 *   5, 6, 7 offsets of the buffers input, target (−1: none) and output
 *   8 floats in the arena
 *   9 … 14 word positions where forward, backward, update, evaluation, prediction start and where prediction ends
 *   15 answers per row that accuracy counts (0: accuracy is not measured)
 * The operations follow, list by list: [code, words of this operation, operands…, attributes…] in catalogue order.
 * Operand: offset in floats from the arena's base; −1 for an absent optional operand. Attribute: one word for an
 * integer, a flag or the code of an enumeration; two words, a little-endian float64 (not necessarily aligned), for a
 * real.
 */
import type { Activation, Initializer, LayerType } from '../contract/network.js'
import type { Buffer } from './arena.js'
import type { BufferId, Operation } from './operations.js'
import type { NetworkSpec, ResolvedSpec } from './resolved-spec.js'

export const listNames = ['forward', 'backward', 'update', 'evaluation', 'prediction'] as const
export type ListName = (typeof listNames)[number]

/** Shape of one sample, without the batch dimension: [features], [channels, length] or [channels, height, width]. */
export type Shape = readonly number[]

export interface LayerSummary {
  readonly index: number
  readonly type: LayerType
  readonly activation?: Activation
  readonly inputShape: number[]
  readonly outputShape: number[]
  readonly parameters: number
}

/** A named tensor of the model, as `weights()` returns and `initialWeights` accepts it. */
export interface TensorDescription {
  /** `layers.{i}.weight`, `.bias`, `.runningMean`, `.runningVar`. */
  readonly name: string
  readonly shape: number[]
  readonly buffer: BufferId
  /** Null for running state and in prediction programs. */
  readonly gradient: BufferId | null
  readonly initial: InitialValues
}

/** Initial values of a tensor: drawn by an initializer, or constant. */
export type InitialValues =
  | {
      readonly type: 'drawn'
      readonly layer: number
      readonly initializer: Initializer
      readonly fanIn: number
      readonly fanOut: number
    }
  | { readonly type: 'constant'; readonly value: number }

/** What an executor needs for training and for prediction. */
export interface NetworkProgram {
  readonly network: NetworkSpec
  readonly layers: LayerSummary[]
  readonly outputShape: number[]
  /** Number of trainable values. */
  readonly parameters: number
  /** Maximum rows per batch. */
  readonly capacity: number
  readonly buffers: readonly Buffer[]
  /** Length of the arena. */
  readonly floats: number
  readonly input: BufferId
  /** Null in prediction programs. */
  readonly target: BufferId | null
  readonly output: BufferId
  readonly tensors: readonly TensorDescription[]
  readonly lists: Readonly<Record<ListName, readonly Operation[]>>
  /** Answers per row that accuracy counts; 0 where accuracy is not measured. */
  readonly answersPerRow: number
  readonly flopsPerPrediction: number
}

/** What the compiler needs to know of the data. */
export interface DataShape {
  readonly inputShape: number[]
  readonly targetWidth: number
  readonly trainingRows: number
  readonly validationRows: number
  /**
   * Each row of y ends with the row's weight in the loss, 0 or more. Where the loss divides by the sum of the weights,
   * the weights of the validation rows have a mean of 1 (normalizeWeights), so that the validation loss is
   * Σ wᵢ ℓᵢ / Σ wᵢ for every batch size.
   */
  readonly weighted?: boolean
  /** The target is one class per row; affects error messages only. */
  readonly classTargets?: boolean
  /**
   * The accuracy rule that the targets imply. argmax: the largest output is the largest target. half: each output is a
   * yes or no. none: targets are continuous. When omitted, the loss and the last activation decide.
   */
  readonly accuracy?: 'argmax' | 'half' | 'none'
}

/** A program that trains. */
export interface Program extends NetworkProgram {
  readonly spec: ResolvedSpec
  readonly data: DataShape
  /** Bytes a training needs in addition to the data: arena, order of rows, encoded program. */
  readonly arenaBytes: number
  /** Maximum bytes of scratch memory per thread, in addition to arenaBytes, on backends with threads. */
  readonly threadBytes: number
  /** Floating-point operations of one epoch, validation included. */
  readonly flopsPerEpoch: number
  readonly stepsPerEpoch: number
}
