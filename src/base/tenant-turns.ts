/** Limits how many tasks run at a time. Waiting tasks take turns by tenant, for a limited time. */
import { Problem } from '../contract/problems.js'

export interface TurnLimits {
  /** In the plural, for the error. */
  what: string
  atOnce: number
  /** Of one tenant; fewer than `atOnce` leave others a place at any time. */
  perTenant: number | ((tenantId: string) => number)
  /** The longest wait, in seconds. */
  seconds: number
  /** Of one tenant, 500 when left out; more are refused at once. */
  mostWaiting?: number
}

interface Waiting {
  /** Rises with each that waits. */
  number: number
  begin(): void
}

export class TenantTurns {
  readonly #held = new Map<string, number>()
  #heldByAll = 0
  /** By tenant, each in the order in which they came. */
  readonly #waiting = new Map<string, Set<Waiting>>()
  #number = 0

  constructor(private readonly limits: TurnLimits) {}

  /**
   * Runs the task when its turn comes: that of the tenant with the fewest under way, whose request waits longest.
   * @throws Problem `overloaded` when it does not come in time; the signal's reason when it aborts meanwhile
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

  /** True when it may begin at once, without waiting for a turn. Each that begins must end. */
  tryBegin(tenantId: string): boolean {
    if (this.#waiting.has(tenantId) || !this.#mayBegin(tenantId)) return false
    this.#hold(tenantId, 1)
    return true
  }

  /**
   * Resolves when the turn has come; it must end.
   * @throws Problem `overloaded`, the signal's reason
   */
  async wait(tenantId: string, signal: AbortSignal | undefined): Promise<void> {
    const { seconds, mostWaiting = 500 } = this.limits
    const others = this.#waiting.get(tenantId) ?? new Set()
    if (others.size >= mostWaiting) throw this.#overloaded(tenantId, `${mostWaiting} more wait already`)
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
        giveUp(this.#overloaded(tenantId, `none ended within ${seconds} s`))
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

  /** Turns that the tenant holds now. */
  held(tenantId: string): number {
    return this.#held.get(tenantId) ?? 0
  }

  #hold(tenantId: string, more: 1 | -1): void {
    const held = this.held(tenantId) + more
    this.#heldByAll += more
    if (held > 0) this.#held.set(tenantId, held)
    else this.#held.delete(tenantId)
  }

  #beginNext(): void {
    for (let next = this.#next(); next !== null; next = this.#next()) next.begin()
  }

  /** Of those that may begin, one of the tenant with the fewest under way, and of several such the one that came first. */
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

  #overloaded(tenantId: string, why: string): Problem {
    const { what, atOnce } = this.limits
    const most = Math.min(atOnce, this.#share(tenantId))
    return new Problem('overloaded', `${most} ${what} are in progress, the most at a time, and ${why}.`)
  }
}
