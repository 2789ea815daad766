/**
 * A compiled network: an arena of named buffers and five lists of operations over it. Nothing else is needed to
 * run it; no list is changed by running.
 *
 * Arena. One range of floats (float32; float64 for gradient checks on the reference). Every buffer begins on 16
 * floats (64 bytes) and has an offset counted in floats from the arena's base. A buffer whose `perRow` is true holds
 * `capacity` rows, of which the first `rows` are in use (the last batch of an epoch may be smaller), row-major. The
 * buffer `parameters` spans all parameter tensors, `gradients` the gradients in the same order at the same distances,
 * and the gaps of alignment between them hold zeros in parameters, gradients and optimizer state alike, so that an
 * optimizer is one operation over one range.
 *
 * Lists. A training step runs forward, backward (its first operation is the loss, which writes the gradient of the
 * output), update. `evaluation` is the forward pass in inference mode ending in the loss without gradient. `prediction`
 * is the forward pass in inference mode ending in the network's output in the buffer `output`.
 *
 * The executor's part (kernels/kernels.ts gives the interface). For the epoch e, counted from 0:
 * 1. The order of the rows: sequential 0 … n − 1; shuffle: rng.permute; random: rng.drawWithReplacement; stream
 *    shuffling, second counter word e.
 * 2. For step s = 0 … ⌈n / capacity⌉ − 1: copy rows order[s·capacity …] of x and y into the buffers `input` and
 *    `target`, run forward, backward, update. Runtime values: rows of this batch, the epoch's learning rate, the
 *    training's step number t = e · ⌈n / capacity⌉ + s (dropout draws by it, Adam corrects by t + 1).
 * 3. The loss operation adds (batch loss · rows) and the number of right answers to float64 sums. As soon as the sum
 *    of losses is not finite the epoch ends: diverged.
 * 4. At the end: loss = sum / n, accuracy = right / (n · answers per row); then the validation rows in order, in
 *    batches of `capacity`, through `evaluation` with sums of their own. One answer per row for argmax, else one per output.
 * Prediction: the caller fills `input`, runs `prediction` for `rows` rows, reads `output`.
 *
 * Encoding (`encode`): int32 words. Header, 16 words:
 *   0 format version (1) · 1 capacity · 2 input's features per row · 3 target's values per row, a row's weight included · 4 output's values per row
 *   5 offset of buffer input · 6 of target (−1: none) · 7 of output · 8 floats in the arena
 *   9 … 14 word positions where forward, backward, update, evaluation, prediction begin and where prediction ends
 *   15 answers per row that accuracy counts (0: accuracy is not measured)
 * then the operations, list after list: [code, words of this operation, operands…, attributes…] in the catalogue's order.
 * Operand: offset in floats from the arena's base, −1 for an optional one left out. Attribute: integer and flag one
 * word; enumerations one word by their codes; real two words, a little-endian float64 (not necessarily 8-byte aligned).
 */
import type { Activation, Initializer, LayerType } from '../contract/network.js'
import type { Buffer } from './arena.js'
import type { BufferId, Operation } from './operations.js'
import type { NetworkSpec, ResolvedSpec } from './resolved-spec.js'

export const listNames = ['forward', 'backward', 'update', 'evaluation', 'prediction'] as const
export type ListName = (typeof listNames)[number]

/** Shape of one sample, without the rows: [features], [channels, length] or [channels, height, width]. */
export type Shape = readonly number[]

export interface LayerSummary {
  readonly index: number
  readonly type: LayerType
  readonly activation?: Activation
  readonly inputShape: number[]
  readonly outputShape: number[]
  readonly parameters: number
}

/** A named tensor that makes up a model: what `weights()` gives and `initialWeights` takes. */
export interface TensorDescription {
  /** `layers.{i}.weight`, `.bias`, `.runningMean`, `.runningVar`. */
  readonly name: string
  readonly shape: number[]
  readonly buffer: BufferId
  /** Null for running state, and in a program for prediction only. */
  readonly gradient: BufferId | null
  readonly initial: InitialValues
}

/** How a tensor begins: drawn by an initializer with its fans, or one value everywhere. */
export type InitialValues =
  | {
      readonly type: 'drawn'
      readonly layer: number
      readonly initializer: Initializer
      readonly fanIn: number
      readonly fanOut: number
    }
  | { readonly type: 'constant'; readonly value: number }

/** What an executor needs, trained or predicted. */
export interface NetworkProgram {
  readonly network: NetworkSpec
  readonly layers: LayerSummary[]
  readonly outputShape: number[]
  /** Trainable numbers. */
  readonly parameters: number
  /** Rows a batch holds at most. */
  readonly capacity: number
  readonly buffers: readonly Buffer[]
  /** Length of the arena. */
  readonly floats: number
  readonly input: BufferId
  /** Null in a program for prediction only. */
  readonly target: BufferId | null
  readonly output: BufferId
  readonly tensors: readonly TensorDescription[]
  readonly lists: Readonly<Record<ListName, readonly Operation[]>>
  /** Answers per row that accuracy counts; 0 where accuracy is not measured. */
  readonly answersPerRow: number
  readonly flopsPerPrediction: number
}

/** What is known of the data before it is seen. */
export interface DataShape {
  readonly inputShape: number[]
  readonly targetWidth: number
  readonly trainingRows: number
  readonly validationRows: number
  /**
   * Each row of y has one more number behind its targets, the row's weight in the loss: 0 or more. Those of the
   * validation rows have a mean of 1 where the loss divides by the sum of the weights (normalizeWeights), so that the
   * validation loss is Σ wᵢ ℓᵢ / Σ wᵢ whatever the batches.
   */
  readonly weighted?: boolean
  /** The target is one class a row; only words of errors depend on it. */
  readonly classTargets?: boolean
  /**
   * What of an answer is right, as the targets say it. argmax: the largest output is the largest target. half: each
   * output says yes or no. none: targets are amounts. Left out, loss and last activation decide.
   */
  readonly accuracy?: 'argmax' | 'half' | 'none'
}

/** A program that trains. */
export interface Program extends NetworkProgram {
  readonly spec: ResolvedSpec
  readonly data: DataShape
  /** Bytes a training needs beside the data: arena, order of rows, encoded program. */
  readonly arenaBytes: number
  /** Bytes each thread of a backend with threads of its own works in at most, beside these. */
  readonly threadBytes: number
  /** Floating-point operations of one epoch: steps and validation. */
  readonly flopsPerEpoch: number
  readonly stepsPerEpoch: number
}
