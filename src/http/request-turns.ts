/**
 * Turns of the tenants on the event loop and the database. A tenant that is alone runs as many requests at a time as share
 * statements well. Otherwise each tenant runs as many as take a few milliseconds together. A tenant that sends
 * without a pause then also rests between its requests, so that the processors are free when a request of another tenant
 * comes. It rests longer while several of its requests wait, but not if all active tenants crowd like that.
 */
import { TenantTurns } from '../base/tenant-turns.js'

/** Concurrent requests of a tenant that is alone. When another comes, it waits for their work. */
const shareAlone = 32

/** Concurrent requests of a tenant that is not alone: at least the minimum, and more within the time together. */
const minimumShare = 1
const shareMilliseconds = 2

/**
 * Milliseconds of its requests that a tenant may use per millisecond while others are active, and at once after a pause
 * (a token bucket). Without a limit, one tenant would keep processors and database busy between the requests of others.
 */
const pace = 1 / 2
const burstMilliseconds = 250

/** A tenant crowds while at least this many of its requests wait. It has a slower pace then. */
const crowd = 4
const crowdPace = 1 / 4

/** Time limit for the wait of one request. */
const waitSeconds = 30

/** Time after its last request for which a tenant counts as active. */
const activeMilliseconds = 1_000

/** Weight of a shorter request in the moving average. */
const decay = 0.1

interface ActiveTenant {
  lastAt: number
  /** Milliseconds of a request: rises at once to a longer time, and decays slowly to shorter ones. */
  milliseconds: number
  /** Milliseconds of requests that the tenant may use at `refilledAt`. It rests while they are negative. */
  left: number
  refilledAt: number
  isResting: boolean
  isCrowding: boolean
}

export class RequestTurns {
  readonly #active = new Map<string, ActiveTenant>()
  #evictedAt = 0
  /** Active tenants that crowd. */
  #crowding = 0
  readonly #turns = new TenantTurns({
    what: 'requests of this tenant',
    atOnce: Number.POSITIVE_INFINITY,
    perTenant: (tenantId) => this.share(tenantId),
    pauseReason:
      'This tenant has used its share of the time, which is a quarter of it while other tenants send fewer requests.',
    seconds: waitSeconds,
  })

  /** Returns whether the request proceeds at once; otherwise it must wait. Each request that proceeds must end. */
  tryBegin(tenantId: string, now = performance.now()): boolean {
    const tenant = this.#find(tenantId)
    tenant.lastAt = now
    if (this.#active.size > 1) this.#evictInactive(tenant.lastAt)
    return this.#turns.tryBegin(tenantId)
  }

  /** @throws Problem `overloaded`; the reason of the signal */
  wait(tenantId: string, signal: AbortSignal): Promise<void> {
    const waiting = this.#turns.wait(tenantId, signal)
    this.#countCrowd(tenantId, this.#find(tenantId))
    return waiting
  }

  /** @param milliseconds since it began */
  end(tenantId: string, milliseconds: number, now = performance.now()): void {
    const tenant = this.#find(tenantId)
    tenant.lastAt = now
    tenant.left = Math.max(-burstMilliseconds, refilled(tenant, now) - milliseconds)
    tenant.milliseconds = Math.max(
      milliseconds,
      tenant.milliseconds + decay * (milliseconds - tenant.milliseconds),
    )
    this.#turns.end(tenantId)
    this.#countCrowd(tenantId, tenant)
    if (tenant.left < 0 && !tenant.isResting) this.#rest(tenant)
  }

  /** Starts the waiting requests of the tenant when it may use time again. */
  #rest(tenant: ActiveTenant): void {
    tenant.isResting = true
    setTimeout(() => {
      tenant.isResting = false
      if (refilled(tenant) < 0) this.#rest(tenant)
      else this.#turns.beginWaiting()
    }, -tenant.left / paceOf(tenant)).unref()
  }

  #countCrowd(tenantId: string, tenant: ActiveTenant): void {
    const isCrowding = this.#turns.waiting(tenantId) >= crowd
    if (isCrowding === tenant.isCrowding) return
    refilled(tenant)
    tenant.isCrowding = isCrowding
    this.#crowding += isCrowding ? 1 : -1
    // The others rested for this tenant.
    if (this.#crowding === this.#active.size) this.#turns.beginWaiting()
  }

  /** Returns the number of requests that the tenant may run at a time now. */
  share(tenantId: string): number {
    if (this.#active.size <= 1) return shareAlone
    const tenant = this.#find(tenantId)
    if (refilled(tenant) < 0 && this.#crowding < this.#active.size) return 0
    return Math.max(minimumShare, Math.floor(shareMilliseconds / tenant.milliseconds))
  }

  #find(tenantId: string): ActiveTenant {
    const existing = this.#active.get(tenantId)
    if (existing !== undefined) return existing
    const now = performance.now()
    const tenant = {
      lastAt: now,
      milliseconds: 0,
      left: burstMilliseconds,
      refilledAt: now,
      isResting: false,
      isCrowding: false,
    }
    this.#active.set(tenantId, tenant)
    return tenant
  }

  #evictInactive(now: number): void {
    if (now - this.#evictedAt < activeMilliseconds) return
    this.#evictedAt = now
    for (const [tenantId, { lastAt, isCrowding }] of this.#active) {
      const isIdle = this.#turns.held(tenantId) === 0 && this.#turns.waiting(tenantId) === 0
      if (!isIdle || now - lastAt <= activeMilliseconds) continue
      this.#active.delete(tenantId)
      if (isCrowding) this.#crowding--
    }
  }
}

const paceOf = ({ isCrowding }: ActiveTenant) => (isCrowding ? crowdPace : pace)

function refilled(tenant: ActiveTenant, now = performance.now()): number {
  tenant.left = Math.min(burstMilliseconds, tenant.left + paceOf(tenant) * (now - tenant.refilledAt))
  tenant.refilledAt = now
  return tenant.left
}
