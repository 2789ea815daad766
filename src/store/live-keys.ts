/** Keys that requests come with: looked up at every request, together, so that a revoked one or a new limit holds at the next. */

import { evictOldest } from '../base/evict-oldest.js'
import { scopeSchema } from '../contract/key.js'
import { ownLimitsSchema } from '../contract/limits.js'
import type { KnownKey } from '../training/ports/keys.js'
import type { Lookups } from './lookups.js'

/** Whose rows are not read anew while they stay as they are. */
const mostKnown = 10_000

export class LiveKeys {
  readonly #known = new Map<string, { version: string; key: KnownKey }>()

  constructor(private readonly lookups: Lookups) {}

  /** Null when it is unknown, revoked or expired. The very same until something of it changes. */
  async find(id: string): Promise<KnownKey | null> {
    const row = await this.lookups.ask(id)
    if (row?.kind !== 'key') {
      this.#known.delete(id)
      return null
    }
    const known = this.#known.get(id)
    if (known?.version === row.version) return known.key
    const { tenantId, sha256, scopes, limits, version } = row
    const key = {
      id,
      tenantId,
      sha256,
      scopes: scopes.map((scope) => scopeSchema.parse(scope)),
      ownLimits: ownLimitsSchema.parse(limits),
    }
    this.#keep(version, key)
    return key
  }

  #keep(version: string, key: KnownKey): void {
    this.#known.delete(key.id)
    this.#known.set(key.id, { version, key })
    evictOldest(this.#known, mostKnown)
  }
}
