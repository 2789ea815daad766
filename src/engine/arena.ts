/** The layout of the arena: named, aligned buffers placed one after another. */
import type { BufferId } from './operations.js'

type BufferKind =
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
  /** Excludes the batch dimension. */
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

/** Buffer offsets are multiples of this many floats: one cache line of 64 bytes. */
export const alignment = 16

function alignUp(floats: number): number {
  return Math.ceil(floats / alignment) * alignment
}

/** Number of elements in a tensor of this shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Allocates buffers at ascending offsets. */
export class ArenaLayout {
  readonly buffers: Buffer[] = []
  #end = 0

  constructor(readonly capacity: number) {}

  get floats(): number {
    return this.#end
  }

  /** Adds a buffer whose size does not depend on the batch size. */
  addFixed(name: string, kind: BufferKind, shape: readonly number[]): BufferId {
    return this.#add({ name, kind, shape, perRow: false })
  }

  /** Adds a buffer of `capacity` rows. */
  addPerRow(name: string, kind: BufferKind, shape: readonly number[]): BufferId {
    return this.#add({ name, kind, shape, perRow: true })
  }

  /** Adds a buffer that covers consecutive buffers, alignment gaps included. */
  addSpan(name: string, kind: BufferKind, spans: readonly BufferId[]): BufferId {
    const parts = spans.map((id) => this.buffer(id))
    const offset = Math.min(...parts.map((part) => part.offset))
    const end = Math.max(...parts.map((part) => part.offset + alignUp(part.length)))
    const length = end - offset
    this.buffers.push({ name, kind, shape: [length], perRow: false, offset, length, spans })
    return this.buffers.length - 1
  }

  buffer(id: BufferId): Buffer {
    const buffer = this.buffers[id]
    if (buffer === undefined) throw new RangeError(`the arena has no buffer ${id}`)
    return buffer
  }

  #add(buffer: Pick<Buffer, 'name' | 'kind' | 'shape' | 'perRow'>): BufferId {
    const length = elementCount(buffer.shape) * (buffer.perRow ? this.capacity : 1)
    this.buffers.push({ ...buffer, offset: this.#end, length })
    this.#end += alignUp(length)
    return this.buffers.length - 1
  }
}
