/** Range, mean and deviation of every column of a row-major block, finite for any finite numbers. */

export interface Summary {
  minimum: Float64Array
  maximum: Float64Array
  mean: Float64Array
}

/** A power of two, so that scaling is exact, and small enough that no sum of rows can overflow. */
const summingUnit = 2 ** -64

/**
 * Minimum, maximum and mean of each column.
 * @param values rows × width, row-major
 * @param chosen the rows that count, at least one; all when left out
 */
export function summarize(values: Float64Array, width: number, chosen?: Int32Array): Summary {
  const count = chosen?.length ?? values.length / width
  const minimum = new Float64Array(width).fill(Number.POSITIVE_INFINITY)
  const maximum = new Float64Array(width).fill(Number.NEGATIVE_INFINITY)
  const mean = new Float64Array(width)
  for (let index = 0; index < count; index++) {
    const start = (chosen ? chosen[index] : index) * width
    for (let column = 0; column < width; column++) {
      const value = values[start + column]
      if (value < minimum[column]) minimum[column] = value
      if (value > maximum[column]) maximum[column] = value
      mean[column] += value * summingUnit
    }
  }
  for (let column = 0; column < width; column++) {
    // Kept inside the range: rounding must not make a constant column differ from its own mean.
    const unclamped = mean[column] / count / summingUnit
    mean[column] = Math.min(maximum[column], Math.max(minimum[column], unclamped))
  }
  return { minimum, maximum, mean }
}

/**
 * Population standard deviation of each column, √(Σ(v − mean)² / n), as the second pass after `summarize`.
 * Distances are measured in widths of the column's range, so that their squares neither overflow nor vanish.
 */
export function deviations(
  values: Float64Array,
  width: number,
  { minimum, maximum, mean }: Summary,
  chosen: Int32Array,
): Float64Array {
  const halfRange = maximum.map((largest, column) => largest / 2 - minimum[column] / 2)
  const squares = new Float64Array(width)
  for (const row of chosen) {
    const start = row * width
    for (let column = 0; column < width; column++) {
      if (halfRange[column] === 0) continue
      const distance = (values[start + column] / 2 - mean[column] / 2) / halfRange[column]
      squares[column] += distance * distance
    }
  }
  return squares.map((sum, column) => halfRange[column] * Math.sqrt(sum / chosen.length) * 2)
}
