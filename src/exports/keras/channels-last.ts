/** Layouts with channels last, in which Keras and TensorFlow.js read signals and images. */
import { product } from '../placed-layers.js'

/** [channels, …sides] with channels last. */
export const channelsLast = ([channels, ...sides]: readonly number[]): number[] => [...sides, channels]

/** Whether the order of the numbers depends on where the channels are. */
export function isReordered([channels, ...sides]: readonly number[]): boolean {
  return channels > 1 && product(sides) > 1
}

/** For each number of a flattened [positions, channels], its place in the flattened [channels, positions]. */
export function channelsFirstPlaces([channels, ...sides]: readonly number[]): Int32Array {
  const positions = product(sides)
  return Int32Array.from({ length: channels * positions }, (_, index) => {
    const position = Math.floor(index / channels)
    return (index % channels) * positions + position
  })
}

/** Moves the axes of an array: side `axes[i]` of the input becomes side i. */
export function transpose(
  values: Float32Array,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array<ArrayBuffer> {
  const strides = shape.map((_, axis) => product(shape.slice(axis + 1)))
  const sides = axes.map((axis) => shape[axis])
  const steps = axes.map((axis) => strides[axis])
  const result = new Float32Array(values.length)
  const index = sides.map(() => 0)
  let from = 0
  for (let position = 0; position < result.length; position++) {
    result[position] = values[from]
    for (let axis = sides.length - 1; axis >= 0; axis--) {
      index[axis] += 1
      from += steps[axis]
      if (index[axis] < sides[axis]) break
      from -= index[axis] * steps[axis]
      index[axis] = 0
    }
  }
  return result
}
