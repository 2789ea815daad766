/** How many steps to run before the clock and the stop flag are looked at again. */

/** Milliseconds between two looks: short against a user's patience, long against a call. */
const lookEvery = 10

export class Pace {
  #stepsPerMillisecond = 0
  #largest = 1

  /** @param milliseconds left of the budget, Infinity without one. */
  steps(milliseconds: number): number {
    const measured = Math.floor(this.#stepsPerMillisecond * Math.min(lookEvery, milliseconds))
    return Math.max(1, Math.min(measured, this.#largest))
  }

  /** Grows at most fourfold at a time, so that one lucky reading does not run away. */
  measured(steps: number, milliseconds: number): void {
    this.#stepsPerMillisecond = steps / Math.max(milliseconds, 0.001)
    this.#largest = Math.max(1, steps * 4)
  }
}
