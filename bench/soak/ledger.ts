/** The accepted jobs and their ends, and the errors of the users. */
export class Ledger {
  readonly #open = new Set<string>()
  readonly #seen = new Set<string>()
  readonly #errors = new Map<string, number>()
  readonly faults: string[] = []
  ended = 0

  accept(id: string): void {
    if (this.#seen.has(id)) this.faults.push(`${id} was accepted twice`)
    this.#seen.add(id)
    this.#open.add(id)
  }

  /** A job ends once, with all of its epochs and a model. */
  end(job: { id: string; status: string; epoch: number; epochs: number; modelId: string | null }): void {
    if (!this.#open.delete(job.id)) this.faults.push(`${job.id} ended twice`)
    if (job.status !== 'succeeded' || job.epoch !== job.epochs || job.modelId === null) {
      this.faults.push(`${job.id} ended ${job.status} at epoch ${job.epoch} of ${job.epochs}`)
    }
    this.ended += 1
  }

  error(what: string): void {
    this.#errors.set(what, (this.#errors.get(what) ?? 0) + 1)
  }

  get accepted(): number {
    return this.#seen.size
  }

  get lost(): string[] {
    return [...this.#open]
  }

  knows(id: string): boolean {
    return this.#seen.has(id)
  }

  get errors(): Record<string, number> {
    return Object.fromEntries(this.#errors)
  }
}
