/** The arena: named buffers laid out one after another, each aligned, each with its shape. */
import type { BufferId } from './operations.js'

export type BufferKind =
  | 'input'
  | 'target'
  | 'parameter'
  | 'runningState'
  | 'gradient'
  | 'optimizerState'
  | 'activation'
  | 'activationGradient'
  | 'scratch'

export interface Buffer {
  readonly name: string
  readonly kind: BufferKind
  /** Without the rows. */
  readonly shape: readonly number[]
  /** Holds `capacity` rows of `shape`. */
  readonly perRow: boolean
  /** In floats from the arena's base. */
  readonly offset: number
  /** In floats, rows included. */
  readonly length: number
  /** The buffers a spanning buffer covers, e.g. all parameter tensors. */
  readonly spans?: readonly BufferId[]
}

/** Buffers begin on multiples of this many floats: one cache line of 64 bytes. */
export const alignment = 16

export function aligned(floats: number): number {
  return Math.ceil(floats / alignment) * alignment
}

/** Numbers in one tensor of that shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Hands out buffers from the front of the arena. */
export class ArenaLayout {
  readonly buffers: Buffer[] = []
  #end = 0

  constructor(readonly capacity: number) {}

  get floats(): number {
    return this.#end
  }

  /** A buffer that the number of rows does not touch. */
  fixed(name: string, kind: BufferKind, shape: readonly number[]): BufferId {
    return this.#place({ name, kind, shape, perRow: false })
  }

  /** A buffer of `capacity` rows. */
  perRow(name: string, kind: BufferKind, shape: readonly number[]): BufferId {
    return this.#place({ name, kind, shape, perRow: true })
  }

  /** One buffer over several that follow one another, gaps of alignment included. */
  span(name: string, kind: BufferKind, spans: readonly BufferId[]): BufferId {
    const parts = spans.map((id) => this.buffer(id))
    const offset = Math.min(...parts.map((part) => part.offset))
    const end = Math.max(...parts.map((part) => part.offset + aligned(part.length)))
    const length = end - offset
    this.buffers.push({ name, kind, shape: [length], perRow: false, offset, length, spans })
    return this.buffers.length - 1
  }

  buffer(id: BufferId): Buffer {
    const buffer = this.buffers[id]
    if (buffer === undefined) throw new RangeError(`the arena has no buffer ${id}`)
    return buffer
  }

  #place(buffer: Pick<Buffer, 'name' | 'kind' | 'shape' | 'perRow'>): BufferId {
    const length = sizeOf(buffer.shape) * (buffer.perRow ? this.capacity : 1)
    this.buffers.push({ ...buffer, offset: this.#end, length })
    this.#end += aligned(length)
    return this.buffers.length - 1
  }
}
