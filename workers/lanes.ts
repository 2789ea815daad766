/** As many trainings side by side as there are threads, begun when a worker is woken and there is something to train. */
import type { Phases } from './processor.js'

export class Lanes {
  readonly #lanes = new Set<Promise<void>>()
  /** Trainings that are not stored yet. */
  readonly #unstored = new Set<Promise<unknown>>()
  /** Whether a lane asks for jobs, and whether it was woken since it asked. */
  #isAsking = false
  #isWoken = false
  #isClosed = false

  /** @param next trains what is queued, and says false when there was nothing */
  constructor(
    private readonly threads: number,
    private readonly next: (phases: Phases) => Promise<boolean>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Jobs may be queued. */
  wake(): void {
    this.#isWoken = true
    if (this.#isAsking || this.#isClosed || this.#lanes.size >= this.threads) return
    const lane = this.#run().finally(() => this.#lanes.delete(lane))
    this.#lanes.add(lane)
  }

  /** Begins nothing more and waits for what is being trained. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#lanes)
    await Promise.all(this.#unstored)
  }

  /** Ends when nothing is queued. What one batch leaves to be stored is stored while the next is trained. */
  async #run(): Promise<void> {
    let storing: Promise<unknown> = Promise.resolve()
    while (!this.#isClosed) {
      const { trained, stored } = this.#trainNext()
      // Its place is free for the next wake-up, also while something is stored.
      if (!(await trained) && !this.#isWoken) return
      await storing
      storing = stored
    }
  }

  /** `trained` says whether there was anything to train; `stored` never rejects. */
  #trainNext(): { trained: Promise<boolean>; stored: Promise<unknown> } {
    this.#isAsking = true
    this.#isWoken = false
    let free: (found: boolean) => void = () => {}
    const isFree = new Promise<boolean>((resolve) => {
      free = resolve
    })
    const stored = this.next({
      onClaim: () => {
        this.#isAsking = false
        // There may be more than one lane takes.
        this.wake()
      },
      onTrained: () => free(true),
    })
      .catch((error: unknown) => {
        this.onError(error)
        return false
      })
      .then((found) => {
        if (!found) this.#isAsking = false
        free(found)
        return found
      })
    this.#unstored.add(stored)
    void stored.then(() => this.#unstored.delete(stored))
    return { trained: isFree, stored }
  }
}
