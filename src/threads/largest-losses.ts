/** Keeps the rows with the largest losses while all rows pass. */
export interface Ranked {
  row: number
  loss: number
  target: Float32Array
  output: Float32Array
}

/** Of equal losses, the first rows are kept. Keeps at most twice the limit. */
export class LargestLosses {
  #kept: Ranked[] = []
  /** The least loss that is still among the largest, once there are enough rows. */
  #least = Number.NEGATIVE_INFINITY

  constructor(private readonly limit: number) {}

  /** Rows arrive in ascending order. */
  add(ranked: Ranked): void {
    if (ranked.loss <= this.#least) return
    const { target, output } = ranked
    // Copied, so that the slice can be collected.
    this.#kept.push({ ...ranked, target: target.slice(), output: output.slice() })
    if (this.#kept.length >= 2 * this.limit) this.#cut()
  }

  result(): Ranked[] {
    this.#cut()
    return this.#kept
  }

  #cut(): void {
    this.#kept.sort((a, b) => b.loss - a.loss || a.row - b.row)
    this.#kept.length = Math.min(this.#kept.length, this.limit)
    if (this.#kept.length === this.limit) this.#least = this.#kept[this.limit - 1].loss
  }
}
