/** When a worker claims small jobs for its spare thread, which trains them while all other threads are busy. */
import { Lanes } from './claim-loops.js'
import type { Phases } from './processor.js'

/** Milliseconds between two claims without a job, so that a flood of wake-ups costs the database little. */
const pauseMilliseconds = 20
/** Milliseconds between claims without a wake-up, because a tenant may have none of its jobs running any more. */
const everyMilliseconds = 1_000

export class SpareLane {
  readonly #lanes: Lanes
  readonly #timer: NodeJS.Timeout

  /** @param next claims and trains small jobs, and stores their results; false when there is nothing for the spare thread */
  constructor(
    next: (phases: Pick<Phases, 'onClaim'>) => Promise<boolean>,
    onError: (error: unknown) => void,
  ) {
    this.#lanes = new Lanes(
      1,
      // Without `onTrained`: until its results are stored, a tenant has a running job, and gets no other one here.
      async ({ onClaim }) => {
        const found = await next({ onClaim })
        if (!found) await new Promise((resume) => setTimeout(resume, pauseMilliseconds))
        return found
      },
      onError,
    )
    this.#timer = setInterval(() => this.wake(), everyMilliseconds)
  }

  /** Claims jobs if all threads are busy. */
  wake(): void {
    this.#lanes.wake()
  }

  /** Starts no more trainings, and waits for the running ones. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#lanes.close()
  }
}
