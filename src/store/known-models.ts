/**
 * Models by their id. Whether one is still there, whose it is and whether its row has changed is asked at every question; what
 * its row says is read and checked once for each change.
 */
import { z } from 'zod'
import { idSchema } from '../contract/ids.js'
import type { Model } from '../contract/model.js'
import type { AskedModel } from '../training/ports/models.js'
import { type Coalesced, coalescedRows } from './coalesced.js'
import type { Database } from './database.js'
import { type Lookups, lookupsOf } from './lookups.js'
import { describedModel } from './model-rows.js'
import { unpackText } from './packed-json.js'
import { send, statement } from './statements.js'

/** Of the rows' JSON; models of many columns have long ones. The models asked for longest ago go first. */
const mostCharacters = 16 * 1024 * 1024

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

const nothing = Promise.resolve(undefined)

type Row = z.infer<typeof modelRowSchema>

interface Known {
  version: string
  model: Model
  characters: number
}

export class KnownModels {
  readonly #lookups: Lookups
  readonly #rows: Coalesced<string, Row | undefined>
  /** Those asked for last stand last. */
  readonly #known = new Map<string, Known>()
  readonly #onGone: ((id: string) => void)[] = []
  #characters = 0

  constructor(database: Pick<Database, 'pool'>) {
    this.#lookups = lookupsOf(database)
    this.#rows = coalescedRows(async (ids) => {
      const rows = await send(database.pool, rowsStatement, [ids])
      return new Map(rows.map((row) => [row.id, row]))
    })
  }

  /** As it is now; null when there is none, or when it is not this tenant's. Shared by all who ask: not to be changed. */
  async find(id: string, tenantId?: string): Promise<Model | null> {
    return this.#modelAs(id, await this.#look(id), tenantId)
  }

  ask(id: string): AskedModel {
    const state = this.#look(id)
    // Whoever waits for it is told.
    state.catch(() => {})
    return { of: (tenantId) => state.then((found) => this.#modelAs(id, found, tenantId)) }
  }

  /** What is no id is not looked for: a text that the database does not take would fail all that go with it. */
  #look(id: string): ReturnType<Lookups['ask']> {
    const isId = this.#known.has(id) || modelIdSchema.safeParse(id).success
    return isId ? this.#lookups.ask(id) : nothing
  }

  /** Without a promise where the row is known: every prediction passes here. */
  #modelAs(id: string, found: Awaited<ReturnType<Lookups['ask']>>, tenantId?: string) {
    if (found?.kind !== 'model') {
      this.gone(id)
      return null
    }
    if ((tenantId ?? found.tenantId) !== found.tenantId) return null
    const known = this.#known.get(id)
    if (known?.version !== found.version) return this.#read(id)
    this.#known.delete(id)
    this.#known.set(id, known)
    return known.model
  }

  /** Calls `listener` with the id of each model that is found to be gone. */
  onGone(listener: (id: string) => void): void {
    this.#onGone.push(listener)
  }

  gone(id: string): void {
    this.#forget(id)
    for (const listener of this.#onGone) listener(id)
  }

  async #read(id: string): Promise<Model | null> {
    const row = await this.#rows.ask(id)
    if (row === undefined) {
      this.gone(id)
      return null
    }
    const known = this.#known.get(id)
    if (known?.version === row.version) return known.model
    const description = unpackText(row.description)
    const model = describedModel(row, description)
    this.#keep({ version: row.version, model, characters: description.length })
    return model
  }

  #keep(known: Known): void {
    this.#forget(known.model.id)
    this.#known.set(known.model.id, known)
    this.#characters += known.characters
    for (const oldest of this.#known.keys()) {
      if (this.#characters <= mostCharacters) return
      this.#forget(oldest)
    }
  }

  #forget(id: string): void {
    this.#characters -= this.#known.get(id)?.characters ?? 0
    this.#known.delete(id)
  }
}
