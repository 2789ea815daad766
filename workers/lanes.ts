/** As many trainings side by side as there are threads, begun when a worker is woken and there is something to train. */
export class Lanes {
  readonly #lanes = new Set<Promise<void>>()
  /** Whether a lane asks for jobs, and whether it was woken since it asked. */
  #isAsking = false
  #isWoken = false
  #isClosed = false

  /**
   * @param next trains what is queued, calls `onClaim` before it does, and says false when there was nothing
   */
  constructor(
    private readonly threads: number,
    private readonly next: (onClaim: () => void) => Promise<boolean>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Jobs may be queued. */
  wake(): void {
    this.#isWoken = true
    if (this.#isAsking || this.#isClosed || this.#lanes.size >= this.threads) return
    this.#isAsking = true
    const lane = this.#run().finally(() => this.#lanes.delete(lane))
    this.#lanes.add(lane)
  }

  /** Begins nothing more and waits for what is being trained. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#lanes)
  }

  async #run(): Promise<void> {
    for (;;) {
      this.#isAsking = true
      this.#isWoken = false
      let hasClaimed = false
      try {
        const found = await this.next(() => {
          hasClaimed = true
          this.#isAsking = false
          // There may be more than one lane can take.
          this.wake()
        })
        if (!found && !this.#isWoken) break
      } catch (error) {
        this.onError(error)
        break
      } finally {
        if (!hasClaimed) this.#isAsking = false
      }
      if (this.#isClosed) break
    }
  }
}
