/** A list of float64 numbers of unknown length, grown in blocks so that nothing is copied until the end. */
const blockLength = 65_536

export class GrowingNumbers {
  #blocks: Float64Array[] = []
  #last = new Float64Array(0)
  #used = 0

  push(value: number): void {
    if (this.#used === this.#last.length) {
      this.#last = new Float64Array(blockLength)
      this.#blocks.push(this.#last)
      this.#used = 0
    }
    this.#last[this.#used] = value
    this.#used += 1
  }

  /** Moves all numbers into one array and leaves the list empty. */
  take(): Float64Array {
    const whole = new Float64Array(Math.max(0, this.#blocks.length - 1) * blockLength + this.#used)
    for (let start = 0; start < whole.length; start += blockLength) {
      // Each block is let go as soon as it is copied, so that a big table is not held twice.
      const block = this.#blocks.shift()
      if (block) whole.set(block.subarray(0, whole.length - start), start)
    }
    this.#last = new Float64Array(0)
    this.#used = 0
    return whole
  }
}
