/** Directions of signals and images: what windows fit, and the words when they do not. */
import type { Shape } from '../program.js'
import { SpecError } from '../spec-error.js'
import { type Place, shapeText } from './layer.js'

/** How often a window fits along one direction, and the zeros before the first cell. */
export interface Span {
  readonly count: number
  readonly before: number
}

/** Windows wholly inside; null if there is none. */
export function spanOf(length: number, window: number, stride: number): Span | null {
  return window > length ? null : { count: Math.floor((length - window) / stride) + 1, before: 0 }
}

/** One number for both directions, or [vertical, horizontal]. */
export function pair(value: number | readonly [number, number]): readonly [number, number] {
  return typeof value === 'number' ? [value, value] : value
}

/** [channels, length]. @throws SpecError for any other shape. */
export function requireSignal(input: Shape, place: Place): readonly [number, number] {
  const [channels = 0, length = 0] = input
  if (input.length === 2) return [channels, length]
  const fits =
    input.length === 1
      ? `set network.inputShape to [1, ${channels}] or add a reshape layer with targetShape [1, ${channels}] before it`
      : 'for images use the layer of the same name ending in 2d'
  throw new SpecError(
    place.pointer,
    `${place.title} takes signals [channels, length], but its input has the shape ${shapeText(input)}: ${fits}`,
  )
}

/** [channels, height, width]. @throws SpecError for any other shape. */
export function requireImage(input: Shape, place: Place): readonly [number, number, number] {
  const [channels = 0, height = 0, width = 0] = input
  if (input.length === 3) return [channels, height, width]
  const fits =
    input.length === 1
      ? 'set network.inputShape or add a reshape layer before it, e.g. [1, height, width] with height × width'
      : 'for signals use the layer of the same name ending in 1d, or reshape to three numbers'
  throw new SpecError(
    place.pointer,
    `${place.title} takes images [channels, height, width], but its input has the shape ${shapeText(input)}: ${fits}${input.length === 1 ? ` = ${channels}` : ''}`,
  )
}
