/** What a reference kernel works on: the arena's floats and the values of the moment. */
import type { Buffer } from '../../arena.js'
import type { BufferId } from '../../operations.js'

export type Floats = Float32Array | Float64Array

/** Results are computed in float64 and rounded when they are stored. */
export interface Run {
  readonly floats: Floats
  readonly buffers: readonly Buffer[]
  readonly seed: number
  /** Rows of this batch. */
  rows: number
  learningRate: number
  /** The training's steps before this one. */
  step: number
  /** Sums that the loss operation adds to. */
  lossSum: number
  right: number
}

/** Where a buffer begins, in floats. */
export function at(run: Run, id: BufferId): number {
  const buffer = run.buffers[id]
  if (buffer === undefined) throw new RangeError(`the program has no buffer ${id}`)
  return buffer.offset
}

/** The buffer's numbers, all of its rows. */
export function view(run: Run, id: BufferId): Floats {
  const buffer = run.buffers[id]
  if (buffer === undefined) throw new RangeError(`the program has no buffer ${id}`)
  return run.floats.subarray(buffer.offset, buffer.offset + buffer.length)
}

/** As `view`; null stays null. */
export function optionalView(run: Run, id: BufferId | null): Floats | null {
  return id === null ? null : view(run, id)
}
