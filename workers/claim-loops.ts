/** Runs claim loops, one for each thread, from a wake-up until nothing is queued. */
import type { Phases } from './processor.js'

export class Lanes {
  readonly #lanes = new Set<Promise<void>>()
  /** Trainings whose results are not stored yet. */
  readonly #unstored = new Set<Promise<unknown>>()
  /** Whether a loop claims jobs, and whether a wake-up arrived since its claim. */
  #isAsking = false
  #isWoken = false
  #isClosed = false

  /** @param next claims and trains jobs; false when nothing was queued */
  constructor(
    private readonly threads: number,
    private readonly next: (phases: Phases) => Promise<boolean>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Claims jobs, because some may be queued. */
  wake(): void {
    this.#isWoken = true
    if (this.#isAsking || this.#isClosed || this.#lanes.size >= this.threads) return
    const lane = this.#run().finally(() => this.#lanes.delete(lane))
    this.#lanes.add(lane)
  }

  /** Starts no more trainings, and waits for the running ones. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#lanes)
    await Promise.all(this.#unstored)
  }

  /** Ends when nothing is queued. Does not wait for the storage of the last training. */
  async #run(): Promise<void> {
    do {
      while (this.#unstored.size >= 2 * this.threads) await Promise.race(this.#unstored)
      if (this.#isClosed) return
      // The next wake-up may start a loop while a training is stored.
    } while ((await this.#trainNext()) || this.#isWoken)
  }

  /** Resolves when the thread is free. The value says whether more jobs may be queued. */
  #trainNext(): Promise<boolean> {
    this.#isAsking = true
    this.#isWoken = false
    return new Promise((free) => {
      let isMore = false
      const stored = this.next({
        onClaim: (left) => {
          this.#isAsking = false
          isMore = left > 0
          // More jobs are queued, or jobs arrived after the claim.
          if (isMore || this.#isWoken) this.wake()
        },
        onTrained: () => free(isMore),
      })
        .catch((error: unknown) => {
          this.onError(error)
          return false
        })
        .then((found) => {
          if (!found) this.#isAsking = false
          free(found && isMore)
        })
      this.#unstored.add(stored)
      void stored.then(() => this.#unstored.delete(stored))
    })
  }
}
