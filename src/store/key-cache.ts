/**
 * A cache of keys. Each request checks the version of its key, in a shared statement, so a revocation or a
 * new limit takes effect at the next request.
 */
import { evictOldest } from '../base/evict-oldest.js'
import { scopeSchema } from '../contract/key.js'
import { ownLimitsSchema } from '../contract/limits.js'
import type { KnownKey } from '../training/ports/keys.js'
import type { Lookups } from './lookups.js'

/** The maximum number of cached keys. */
const maximumKeys = 10_000

export class KeyCache {
  readonly #cached = new Map<string, { version: string; key: KnownKey }>()

  constructor(private readonly lookups: Lookups) {}

  /** Null if the key is unknown, revoked or expired. Returns the same object until the key changes. */
  async find(id: string): Promise<KnownKey | null> {
    const row = await this.lookups.request(id)
    if (row?.kind !== 'key') {
      this.#cached.delete(id)
      return null
    }
    const cached = this.#cached.get(id)
    if (cached?.version === row.version) return cached.key
    const { tenantId, sha256, scopes, models, limits, suspendedReason, version } = row
    const key = {
      id,
      tenantId,
      sha256,
      scopes: scopes.map((scope) => scopeSchema.parse(scope)),
      models,
      ownLimits: ownLimitsSchema.parse(limits),
      suspendedReason,
    }
    this.#keep(version, key)
    return key
  }

  #keep(version: string, key: KnownKey): void {
    this.#cached.delete(key.id)
    this.#cached.set(key.id, { version, key })
    evictOldest(this.#cached, maximumKeys)
  }
}
