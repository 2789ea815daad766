/**
 * Turns between tenants for the event loop and the database. A tenant that is alone may have any number of requests under
 * way. While others ask, too, each has as many as are a few milliseconds of work, so that a request of one waits for a few of
 * every other, however many these have sent.
 */
import { TenantTurns } from '../training/tenant-turns.js'

/** Under way at a time of a tenant that is not alone: at least so many, and more while they take no more than this together. */
const fewest = 1
const millisecondsTogether = 2

/** Of one request, at most. */
const waitSeconds = 30

/** A tenant counts for so long after its last request. */
const rememberedMilliseconds = 1_000

/** What part of the longest time is forgotten with each shorter one. */
const forgotten = 0.1

interface Recent {
  lastAt: number
  /** Of a request, in milliseconds: what took long counts at once, and is forgotten by and by. */
  takes: number
}

export class RequestTurns {
  readonly #recent = new Map<string, Recent>()
  #forgottenAt = 0
  readonly #turns = new TenantTurns({
    what: 'requests of this tenant',
    atOnce: Number.POSITIVE_INFINITY,
    perTenant: (tenantId) => this.share(tenantId),
    seconds: waitSeconds,
  })

  /** True when the request may go on at once; otherwise it must wait. Each that goes on must end. */
  tryBegin(tenantId: string): boolean {
    const recent = this.#recentOf(tenantId)
    recent.lastAt = performance.now()
    if (this.#recent.size > 1) this.#forget(recent.lastAt)
    return this.#turns.tryBegin(tenantId)
  }

  /** @throws Problem `overloaded`, the signal's reason */
  wait(tenantId: string, signal: AbortSignal): Promise<void> {
    return this.#turns.wait(tenantId, signal)
  }

  /** @param milliseconds since it began */
  end(tenantId: string, milliseconds: number): void {
    const recent = this.#recentOf(tenantId)
    recent.lastAt = performance.now()
    recent.takes = Math.max(milliseconds, recent.takes + forgotten * (milliseconds - recent.takes))
    this.#turns.end(tenantId)
  }

  /** Requests that the tenant may have under way now. */
  share(tenantId: string): number {
    if (this.#recent.size <= 1) return Number.POSITIVE_INFINITY
    return Math.max(fewest, Math.floor(millisecondsTogether / this.#recentOf(tenantId).takes))
  }

  #recentOf(tenantId: string): Recent {
    const known = this.#recent.get(tenantId)
    if (known !== undefined) return known
    const recent = { lastAt: performance.now(), takes: 0 }
    this.#recent.set(tenantId, recent)
    return recent
  }

  #forget(now: number): void {
    if (now - this.#forgottenAt < rememberedMilliseconds) return
    this.#forgottenAt = now
    for (const [tenantId, { lastAt }] of this.#recent) {
      if (this.#turns.held(tenantId) === 0 && now - lastAt > rememberedMilliseconds)
        this.#recent.delete(tenantId)
    }
  }
}
