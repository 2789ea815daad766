/** Lets a few do something at a time. Those who wait take turns by tenant, and not for ever. */
import { Problem } from '../contract/problems.js'

export interface TurnLimits {
  /** In the plural, for the error. */
  what: string
  atOnce: number
  /** Of one tenant; fewer than `atOnce` leave others a place at any time. */
  perTenant: number
  /** How long anybody waits. */
  seconds: number
}

/** Of one tenant; more are refused at once. */
const mostWaiting = 500

interface Waiting {
  tenantId: string
  begin(): void
}

export class TenantTurns {
  readonly #held = new Map<string, number>()
  /** In the order in which they came. */
  readonly #waiting: Waiting[] = []

  constructor(private readonly limits: TurnLimits) {}

  /**
   * Does the work when its turn has come: that of the tenant with the fewest under way, whose request waits longest.
   * @throws Problem `overloaded` when it does not come in time; the signal's reason when it aborts meanwhile
   */
  async run<T>(tenantId: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    if (this.#waiting.length > 0 || !this.#mayBegin(tenantId)) await this.#wait(tenantId, signal)
    else this.#hold(tenantId, 1)
    try {
      return await work()
    } finally {
      this.#hold(tenantId, -1)
      this.#beginNext()
    }
  }

  #mayBegin(tenantId: string): boolean {
    const all = [...this.#held.values()].reduce((sum, count) => sum + count, 0)
    return all < this.limits.atOnce && this.#of(tenantId) < this.limits.perTenant
  }

  #of(tenantId: string): number {
    return this.#held.get(tenantId) ?? 0
  }

  #hold(tenantId: string, more: 1 | -1): void {
    const held = this.#of(tenantId) + more
    if (held > 0) this.#held.set(tenantId, held)
    else this.#held.delete(tenantId)
  }

  async #wait(tenantId: string, signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.filter((other) => other.tenantId === tenantId).length >= mostWaiting) {
      throw this.#overloaded(`${mostWaiting} more wait already`)
    }
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        tenantId,
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
        giveUp(this.#overloaded(`none ended within ${this.limits.seconds} s`))
      }, 1_000 * this.limits.seconds)
      const stop = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(waiting)
      this.#beginNext()
    })
  }

  #beginNext(): void {
    for (;;) {
      const able = this.#waiting.filter(({ tenantId }) => this.#mayBegin(tenantId))
      if (able.length === 0) return
      able.reduce((best, each) => (this.#of(each.tenantId) < this.#of(best.tenantId) ? each : best)).begin()
    }
  }

  #overloaded(why: string): Problem {
    const { what, atOnce } = this.limits
    return new Problem('overloaded', `${atOnce} ${what} are in progress, the most at a time, and ${why}.`)
  }
}
