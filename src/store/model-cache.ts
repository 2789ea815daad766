/**
 * A cache of models by id. Each access checks the existence, the tenant and the version of the row, in a
 * shared statement. A row is read and parsed again only after a change.
 */
import { z } from 'zod'
import { idSchema } from '../contract/ids.js'
import type { Model } from '../contract/model.js'
import type { ModelLookup } from '../training/ports/models.js'
import { type Coalesced, coalescedRows } from './coalesced.js'
import type { Database } from './database.js'
import { type Lookups, sharedLookups } from './lookups.js'
import { describedModel } from './model-rows.js'
import { unpackText } from './packed-json.js'
import { send, statement } from './statements.js'

/** The maximum length of the cached JSON. The least recently used models are evicted. */
const maximumCharacters = 16 * 1024 * 1024

const modelRowSchema = z.strictObject({
  id: z.string(),
  tenantId: z.string(),
  jobId: z.string().nullable(),
  name: z.string().nullable(),
  description: z.instanceof(Uint8Array<ArrayBuffer>),
  loss: z.string(),
  parameters: z.int(),
  finalLoss: z.number().nullable(),
  finalAccuracy: z.number().nullable(),
  finalValLoss: z.number().nullable(),
  finalValAccuracy: z.number().nullable(),
  epoch: z.int().nullable(),
  threshold: z.number().nullable(),
  weightBytes: z.int(),
  weightSha256: z.string(),
  createdAt: z.date(),
  version: z.string(),
})

const rowsStatement = statement(
  'modelRows',
  modelRowSchema,
  `SELECT id, "tenantId", "jobId", name, description, loss, parameters,
      "finalLoss", "finalAccuracy", "finalValLoss", "finalValAccuracy", epoch, threshold,
      "weightBytes", "weightSha256", "createdAt", xmin::text AS version
    FROM "Model" WHERE id = ANY($1::text[])`,
)

const modelIdSchema = idSchema('model')

const missing = Promise.resolve(undefined)

type Row = z.infer<typeof modelRowSchema>

interface Known {
  version: string
  model: Model
  characters: number
}

export class ModelCache {
  readonly #lookups: Lookups
  readonly #rows: Coalesced<string, Row | undefined>
  /** Least recently used first. */
  readonly #cached = new Map<string, Known>()
  readonly #onGone: ((id: string) => void)[] = []
  #characters = 0

  constructor(database: Pick<Database, 'pool'>) {
    this.#lookups = sharedLookups(database)
    this.#rows = coalescedRows(async (ids) => {
      const rows = await send(database.pool, rowsStatement, [ids])
      return new Map(rows.map((row) => [row.id, row]))
    })
  }

  /**
   * The current model; null if there is none, or if it belongs to another tenant. The object is shared and
   * must not be changed.
   */
  async find(id: string, tenantId?: string): Promise<Model | null> {
    return this.#modelAs(id, await this.#lookUp(id), tenantId)
  }

  lookUp(id: string): ModelLookup {
    const state = this.#lookUp(id)
    // The caller handles the rejection.
    state.catch(() => {})
    return { of: (tenantId) => state.then((found) => this.#modelAs(id, found, tenantId)) }
  }

  /** Other texts are not sent: one that PostgreSQL rejects would fail the whole statement. */
  #lookUp(id: string): ReturnType<Lookups['request']> {
    const isId = this.#cached.has(id) || modelIdSchema.safeParse(id).success
    return isId ? this.#lookups.request(id) : missing
  }

  /** Returns a cached row without a promise, because every prediction calls this. */
  #modelAs(id: string, found: Awaited<ReturnType<Lookups['request']>>, tenantId?: string) {
    if (found?.kind !== 'model') {
      this.gone(id)
      return null
    }
    if ((tenantId ?? found.tenantId) !== found.tenantId) return null
    const cached = this.#cached.get(id)
    if (cached?.version !== found.version) return this.#read(id)
    this.#cached.delete(id)
    this.#cached.set(id, cached)
    return cached.model
  }

  /** Calls `listener` with the id of each model that turns out to be deleted. */
  onGone(listener: (id: string) => void): void {
    this.#onGone.push(listener)
  }

  gone(id: string): void {
    this.#forget(id)
    for (const listener of this.#onGone) listener(id)
  }

  async #read(id: string): Promise<Model | null> {
    const row = await this.#rows.request(id)
    if (row === undefined) {
      this.gone(id)
      return null
    }
    const cached = this.#cached.get(id)
    if (cached?.version === row.version) return cached.model
    const description = unpackText(row.description)
    const model = describedModel(row, description)
    this.#keep({ version: row.version, model, characters: description.length })
    return model
  }

  #keep(cached: Known): void {
    this.#forget(cached.model.id)
    this.#cached.set(cached.model.id, cached)
    this.#characters += cached.characters
    for (const oldest of this.#cached.keys()) {
      if (this.#characters <= maximumCharacters) return
      this.#forget(oldest)
    }
  }

  #forget(id: string): void {
    this.#characters -= this.#cached.get(id)?.characters ?? 0
    this.#cached.delete(id)
  }
}
