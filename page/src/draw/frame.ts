/** Decodes a boundary frame of the stream. */
import type { Boundary } from '../api/types.js'

export interface Frame {
  epoch: number
  axes: Boundary['axes']
  size: number
  outputs: number
  range: readonly number[]
  /** All outputs of a point are adjacent. The first axis varies fastest. */
  values: Float32Array
}

const decoded = new WeakMap<Boundary, Frame>()

export function decode(message: Boundary): Frame {
  const cached = decoded.get(message)
  if (cached !== undefined) return cached
  const [low = 0, high = 0] = message.range
  const text = atob(message.values)
  const values = new Float32Array(text.length / 2)
  for (let index = 0; index < values.length; index++) {
    const steps = text.charCodeAt(2 * index) + 256 * text.charCodeAt(2 * index + 1)
    values[index] = low + (steps / 65_535) * (high - low)
  }
  const { epoch, axes, size, outputs, range } = message
  const frame = { epoch, axes, size, outputs, range, values }
  decoded.set(message, frame)
  return frame
}
