/** Streaming range, mean and deviation. The results are finite for any finite numbers. */

/** A power of two, so that scaling is exact. Small enough that a sum of rows cannot overflow. */
const summingUnit = 2 ** -64

/**
 * Compensated summation (Neumaier 1974): adds up the rounding errors separately.
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

/** The first pass: count, minimum, maximum and mean. Ignores NaN, which is a missing value. */
export class Moments {
  count = 0
  minimum = Number.POSITIVE_INFINITY
  maximum = Number.NEGATIVE_INFINITY
  readonly #sum = new CompensatedSum()

  /** Adds the values before `end`, or those at the indices `chosen` if given. */
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

  /** NaN without values. */
  get mean(): number {
    // Clamped to the range, so that rounding does not make a constant column differ from its mean.
    const unclamped = (this.#sum.sum / this.count + this.#sum.lost / this.count) / summingUnit
    return Math.min(this.maximum, Math.max(this.minimum, unclamped))
  }
}

/**
 * The second pass over the same numbers: the population standard deviation, √(Σ(v − mean)² / n). Distances
 * are relative to half the range, so that their squares neither overflow nor underflow.
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
