/** Limits concurrent tasks. Waiting tasks take turns by tenant, for a limited time. */
import { Problem } from '../contract/problems.js'

export interface TurnLimits {
  /** A plural noun for the error. */
  what: string
  atOnce: number
  /** Maximum concurrent tasks of a tenant. If it is below `atOnce`, other tenants can always start one. */
  perTenant: number | ((tenantId: string) => number)
  /** The sentence of the error while `perTenant` is 0. */
  pauseReason?: string
  /** The longest wait, in seconds. */
  seconds: number
  /** Maximum waiting tasks of a tenant, by default 500. Further ones are refused at once. */
  mostWaiting?: number
}

interface Waiting {
  /** Increases with each waiting task. */
  number: number
  begin(): void
}

/** Runs tasks in turns of tenants. */
export type RunsInTurn = Pick<TenantTurns, 'run'>

export class TenantTurns {
  readonly #held = new Map<string, number>()
  #heldByAll = 0
  /** By tenant, in the order of arrival. */
  readonly #waiting = new Map<string, Set<Waiting>>()
  #number = 0

  constructor(private readonly limits: TurnLimits) {}

  /**
   * Runs the task in its turn. The next turn goes to the tenant with the fewest tasks under way, then to the longest
   * wait.
   * @throws Problem `overloaded` if the turn does not come in time, or the reason of the signal if it aborts
   */
  async run<T>(tenantId: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    if (!this.tryBegin(tenantId)) await this.wait(tenantId, signal)
    try {
      return await work()
    } finally {
      this.end(tenantId)
    }
  }

  /** Starts a task if it need not wait. Call `end` after it. */
  tryBegin(tenantId: string): boolean {
    if (this.#waiting.has(tenantId) || !this.#mayBegin(tenantId)) return false
    this.#hold(tenantId, 1)
    return true
  }

  /**
   * Resolves when the turn comes. Call `end` after the task.
   * @throws Problem `overloaded`, or the reason of the signal
   */
  async wait(tenantId: string, signal: AbortSignal | undefined): Promise<void> {
    const { seconds, mostWaiting = 500 } = this.limits
    const others = this.#waiting.get(tenantId) ?? new Set()
    if (others.size >= mostWaiting) throw this.#overloaded(tenantId, `${mostWaiting} more already wait.`)
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        number: this.#number++,
        begin: () => {
          stop()
          this.#hold(tenantId, 1)
          resolve()
        },
      }
      const giveUp = (reason: unknown) => {
        stop()
        reject(reason)
      }
      const onAbort = () => giveUp(signal?.reason)
      const timer = setTimeout(() => {
        giveUp(this.#overloaded(tenantId, `This one waited for ${seconds} s.`))
      }, 1_000 * seconds)
      const stop = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        others.delete(waiting)
        if (others.size === 0) this.#waiting.delete(tenantId)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.set(tenantId, others.add(waiting))
      this.#beginNext()
    })
  }

  end(tenantId: string): void {
    this.#hold(tenantId, -1)
    this.#beginNext()
  }

  #mayBegin(tenantId: string): boolean {
    return this.#heldByAll < this.limits.atOnce && this.held(tenantId) < this.#share(tenantId)
  }

  #share(tenantId: string): number {
    const { perTenant } = this.limits
    return typeof perTenant === 'number' ? perTenant : perTenant(tenantId)
  }

  /** Number of tasks of the tenant that are under way. */
  held(tenantId: string): number {
    return this.#held.get(tenantId) ?? 0
  }

  /** Number of tasks of the tenant that wait. */
  waiting(tenantId: string): number {
    return this.#waiting.get(tenantId)?.size ?? 0
  }

  #hold(tenantId: string, more: 1 | -1): void {
    const held = this.held(tenantId) + more
    this.#heldByAll += more
    if (held > 0) this.#held.set(tenantId, held)
    else this.#held.delete(tenantId)
  }

  /** Starts waiting tasks after `perTenant` has risen. */
  beginWaiting(): void {
    this.#beginNext()
  }

  #beginNext(): void {
    for (let next = this.#next(); next !== null; next = this.#next()) next.begin()
  }

  /** The next task that may start: of the tenant with the fewest under way, then the one that arrived first. */
  #next(): Waiting | null {
    let best: { held: number; waiting: Waiting } | null = null
    for (const [tenantId, [waiting]] of this.#waiting) {
      if (!this.#mayBegin(tenantId)) continue
      const held = this.held(tenantId)
      const isBetter =
        best === null || held < best.held || (held === best.held && waiting.number < best.waiting.number)
      if (isBetter) best = { held, waiting }
    }
    return best?.waiting ?? null
  }

  #overloaded(tenantId: string, refusal: string): Problem {
    const { what, atOnce, pauseReason } = this.limits
    const most = Math.min(atOnce, this.#share(tenantId))
    const cause =
      most === 0 && pauseReason ? pauseReason : `${most} ${what} are in progress, which is the limit.`
    return new Problem('overloaded', `${cause} ${refusal} Retry later, with fewer at a time.`)
  }
}
