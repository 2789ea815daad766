/** Jobs that wait for a retry after a crash or an outage. Their claims are renewed meanwhile. */
import type { Logger } from 'pino'
import type { Claim, RunStore } from '../src/training/ports/runs.js'

export class Retries {
  readonly #held = new Map<string, { claim: Claim; timer: NodeJS.Timeout }>()
  #queueing: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly runs: Pick<RunStore, 'requeue'>,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  get claims(): Claim[] {
    return [...this.#held.values()].map(({ claim }) => claim)
  }

  hold(claim: Claim, milliseconds: number): void {
    const timer = setTimeout(() => this.#queue(claim), milliseconds)
    this.#held.set(claim.jobId, { claim, timer })
  }

  /** Queues all of them at once. */
  async close(): Promise<void> {
    for (const { claim, timer } of this.#held.values()) {
      clearTimeout(timer)
      this.#queue(claim)
    }
    await this.#queueing
  }

  #queue(claim: Claim): void {
    this.#held.delete(claim.jobId)
    // The reconciler releases a job that cannot be queued.
    const queued = this.runs.requeue(claim).catch((error) => this.log.warn({ err: error }, 'retry'))
    this.#queueing = Promise.all([this.#queueing, queued])
  }
}
