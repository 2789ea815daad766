/** Range, mean and deviation of numbers that come piece by piece, finite for any finite numbers. */

/** A power of two, so that scaling is exact, and small enough that no sum of rows can overflow. */
const summingUnit = 2 ** -64

/**
 * A sum whose rounding errors are summed beside it, so that 10¹⁵ + 1 and a million like it keep their ones (Neumaier
 * 1974).
 */
class CompensatedSum {
  #sum = 0
  #lost = 0

  add(value: number): void {
    const sum = this.#sum + value
    const larger = Math.abs(this.#sum) >= Math.abs(value)
    this.#lost += larger ? this.#sum - sum + value : value - sum + this.#sum
    this.#sum = sum
  }

  get sum(): number {
    return this.#sum
  }

  get lost(): number {
    return this.#lost
  }
}

/** The first pass: how many, least, largest, mean. NaN is a missing value and does not count. */
export class Moments {
  count = 0
  minimum = Number.POSITIVE_INFINITY
  maximum = Number.NEGATIVE_INFINITY
  readonly #sum = new CompensatedSum()

  /** Values first … end − 1; of these the `chosen` only, if given, as indices into `values`. */
  take(values: Float64Array, end = values.length, chosen?: Int32Array): void {
    const length = chosen?.length ?? end
    let { count, minimum, maximum } = this
    const sum = this.#sum
    for (let index = 0; index < length; index++) {
      const value = values[chosen === undefined ? index : chosen[index]]
      if (Number.isNaN(value)) continue
      count += 1
      if (value < minimum) minimum = value
      if (value > maximum) maximum = value
      sum.add(value * summingUnit)
    }
    this.count = count
    this.minimum = minimum
    this.maximum = maximum
  }

  /** NaN of no values. */
  get mean(): number {
    // Kept inside the range: rounding must not make a constant column differ from its own mean.
    const unclamped = (this.#sum.sum / this.count + this.#sum.lost / this.count) / summingUnit
    return Math.min(this.maximum, Math.max(this.minimum, unclamped))
  }
}

/**
 * The second pass over the same numbers: their population standard deviation, √(Σ(v − mean)² / n).
 * Distances are measured in widths of the range, so that their squares neither overflow nor vanish.
 */
export class Deviation {
  readonly #moments: Moments
  readonly #mean: number
  readonly #halfRange: number
  #squares = 0

  constructor(moments: Moments) {
    this.#moments = moments
    this.#mean = moments.mean
    this.#halfRange = moments.maximum / 2 - moments.minimum / 2
  }

  take(values: Float64Array, chosen: Int32Array): void {
    const halfRange = this.#halfRange
    if (!(halfRange > 0)) return
    const halfMean = this.#mean / 2
    let squares = this.#squares
    for (let index = 0; index < chosen.length; index++) {
      const value = values[chosen[index]]
      if (Number.isNaN(value)) continue
      const distance = (value / 2 - halfMean) / halfRange
      squares += distance * distance
    }
    this.#squares = squares
  }

  get value(): number {
    return this.#halfRange > 0 ? this.#halfRange * Math.sqrt(this.#squares / this.#moments.count) * 2 : 0
  }
}
