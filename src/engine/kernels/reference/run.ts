/** The state that reference kernels work on: the arena's floats and the runtime values. */
import type { Buffer } from '../../arena.js'
import type { BufferId } from '../../operations.js'

export type Floats = Float32Array | Float64Array

/** Kernels compute in float64 and round when they store. */
export interface Run {
  readonly floats: Floats
  readonly buffers: readonly Buffer[]
  readonly seed: number
  /** Rows of this batch. */
  rows: number
  learningRate: number
  /** Number of training steps before this one. */
  step: number
  /** Accumulators of the loss operation. */
  lossSum: number
  right: number
}

/** The offset of a buffer, in floats. */
export function at(run: Run, id: BufferId): number {
  const buffer = run.buffers[id]
  if (buffer === undefined) throw new RangeError(`the program has no buffer ${id}`)
  return buffer.offset
}

/** A view of a buffer, including unused rows. */
export function view(run: Run, id: BufferId): Floats {
  const buffer = run.buffers[id]
  if (buffer === undefined) throw new RangeError(`the program has no buffer ${id}`)
  return run.floats.subarray(buffer.offset, buffer.offset + buffer.length)
}

/** `view`, or null for an absent operand. */
export function optionalView(run: Run, id: BufferId | null): Floats | null {
  return id === null ? null : view(run, id)
}
