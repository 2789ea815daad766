/** Keys that requests come with: looked up at every request, together, so that a revoked one or a new limit holds at the next. */
import { scopeSchema } from '../contract/key.js'
import { ownLimitsSchema } from '../contract/limits.js'
import type { KnownKey } from '../training/ports.js'
import { type Coalesced, coalescedRows } from './coalesced.js'
import { type Database, type Statement, send } from './database.js'

/** By the clock of the database. */
export const isLive = `"revokedAt" IS NULL AND ("expiresAt" IS NULL OR "expiresAt" > now())`

/** `version` changes with every change of either row: it names the transactions that wrote them. */
const statement: Statement = {
  name: 'live-keys',
  text: `SELECT "Key".id, "tenantId", sha256, scopes, limits, "Key".xmin::text || ' ' || "Tenant".xmin::text AS version
    FROM "Key" JOIN "Tenant" ON "Tenant".id = "Key"."tenantId"
    WHERE "Key".id = ANY($1) AND ${isLive}`,
}

interface Row {
  id: string
  tenantId: string
  sha256: string
  scopes: string[]
  limits: unknown
  version: string
}

/** Whose rows are not read anew while they stay as they are. */
const mostKnown = 10_000

export class LiveKeys {
  readonly #rows: Coalesced<string, Row | undefined>
  readonly #known = new Map<string, { version: string; key: KnownKey }>()

  constructor(database: Pick<Database, 'pool'>) {
    this.#rows = coalescedRows(async (ids) => {
      const rows = await send<Row>(database.pool, statement, [ids])
      return new Map(rows.map((row) => [row.id, row]))
    })
  }

  /** Null when it is unknown, revoked or expired. The very same until something of it changes. */
  async find(id: string): Promise<KnownKey | null> {
    const row = await this.#rows.ask(id)
    if (row === undefined) {
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
    const [oldest] = this.#known.keys()
    if (this.#known.size > mostKnown) this.#known.delete(oldest)
  }
}
