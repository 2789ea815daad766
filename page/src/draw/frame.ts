/** A frame of the stream as numbers. */
import type { Boundary } from '../api/types.js'

export interface Frame {
  epoch: number
  axes: Boundary['axes']
  size: number
  outputs: number
  range: readonly number[]
  /** outputs of each point together; the first axis runs fastest. */
  values: Float32Array
}

const decoded = new WeakMap<Boundary, Frame>()

export function decode(message: Boundary): Frame {
  const known = decoded.get(message)
  if (known !== undefined) return known
  const [low = 0, high = 0] = message.range
  const text = atob(message.values)
  const values = new Float32Array(text.length / 2)
  for (let place = 0; place < values.length; place++) {
    const steps = text.charCodeAt(2 * place) + 256 * text.charCodeAt(2 * place + 1)
    values[place] = low + (steps / 65_535) * (high - low)
  }
  const { epoch, axes, size, outputs, range } = message
  const frame = { epoch, axes, size, outputs, range, values }
  decoded.set(message, frame)
  return frame
}
