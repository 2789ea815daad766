/** How many steps to run before checking the clock and the stop flag again. */

/** Milliseconds between two checks: short for a user, long compared with a call. */
const pollInterval = 10

export class Pace {
  #stepsPerMillisecond = 0
  #largest = 1

  /** @param milliseconds remaining in the budget; Infinity without a budget. */
  steps(milliseconds: number): number {
    const measured = Math.floor(this.#stepsPerMillisecond * Math.min(pollInterval, milliseconds))
    return Math.max(1, Math.min(measured, this.#largest))
  }

  /** Limits growth to a factor of four per call, so that one outlier has little effect. */
  measured(steps: number, milliseconds: number): void {
    this.#stepsPerMillisecond = steps / Math.max(milliseconds, 0.001)
    this.#largest = Math.max(1, steps * 4)
  }
}
