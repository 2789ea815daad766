/** Windows along the axes of signals and images, and checks of the input's rank. */
import type { Shape } from '../program.js'
import { SpecError } from '../spec-error.js'
import { type LayerLocation, shapeText } from './layer.js'

/** Positions of a window along one axis, and the padding before the first cell. */
export interface Span {
  readonly count: number
  readonly before: number
}

/** Positions without padding; null when the window does not fit. */
export function validSpan(length: number, window: number, stride: number): Span | null {
  return window > length ? null : { count: Math.floor((length - window) / stride) + 1, before: 0 }
}

/** Windows over images without padding, in the names of the operations. A signal is an image of height 1. */
export interface Windows {
  channels: number
  height: number
  width: number
  kernelHeight: number
  kernelWidth: number
  strideY: number
  strideX: number
  outputHeight: number
  outputWidth: number
}

/** Null when the kernel does not fit. */
export function imageWindows(
  [channels, height, width]: readonly [number, number, number],
  [kernelHeight, kernelWidth]: readonly [number, number],
  [strideY, strideX]: readonly [number, number],
): Windows | null {
  const down = validSpan(height, kernelHeight, strideY)
  const across = validSpan(width, kernelWidth, strideX)
  if (down === null || across === null) return null
  return {
    channels,
    height,
    width,
    kernelHeight,
    kernelWidth,
    strideY,
    strideX,
    outputHeight: down.count,
    outputWidth: across.count,
  }
}

export const signalWindows = (
  [channels, length]: readonly [number, number],
  kernel: number,
  stride: number,
): Windows | null => imageWindows([channels, 1, length], [1, kernel], [1, stride])

/** Expands one number to [vertical, horizontal]. */
export function toPair(value: number | readonly [number, number]): readonly [number, number] {
  return typeof value === 'number' ? [value, value] : value
}

/** [channels, length]. @throws SpecError for any other shape. */
export function requireSignal(input: Shape, location: LayerLocation): readonly [number, number] {
  const [channels = 0, length = 0] = input
  if (input.length === 2) return [channels, length]
  const advice =
    input.length === 1
      ? `set network.inputShape to [1, ${channels}] or add a reshape layer with targetShape [1, ${channels}] before it`
      : 'for images, use the 2d layer of the same name'
  throw new SpecError(
    location.pointer,
    `${location.title} needs a signal [channels, length], but its input has the shape ${shapeText(input)}; ${advice}`,
  )
}

/** [channels, height, width]. @throws SpecError for any other shape. */
export function requireImage(input: Shape, location: LayerLocation): readonly [number, number, number] {
  const [channels = 0, height = 0, width = 0] = input
  if (input.length === 3) return [channels, height, width]
  const advice =
    input.length === 1
      ? 'set network.inputShape or add a reshape layer before it, e.g. [1, height, width] with height × width'
      : 'for signals, use the 1d layer of the same name, or add a reshape layer with three dimensions'
  throw new SpecError(
    location.pointer,
    `${location.title} needs an image [channels, height, width], but its input has the shape ${shapeText(input)}; ${advice}${input.length === 1 ? ` = ${channels}` : ''}`,
  )
}
