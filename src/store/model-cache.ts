/**
 * A cache of models by id. Each access checks the existence, the tenant and the version of the row, in a
 * shared statement. A row is read and parsed again only after a change.
 */
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { localTenant } from '../contract/key.js'
import type { Model } from '../contract/model.js'
import { parseModelReference } from '../contract/registry.js'
import type { FoundModel, ModelLookup, ResolvedModel } from '../training/ports/models.js'
import { type Coalesced, coalescedRows } from './coalesced.js'
import type { Database } from './database.js'
import { type Found, type Lookup, type Lookups, type Owner, sharedLookups } from './lookups.js'
import { describedModel, modelColumns, modelRow } from './model-rows.js'
import { unpackText } from './packed-json.js'
import { send, statement } from './statements.js'

/** The maximum length of the cached JSON. */
const maximumCharacters = 16 * 1024 * 1024

const versionedRow = modelRow.extend({ version: z.string() })
type Row = z.infer<typeof versionedRow>

const rowsStatement = statement(
  'modelRows',
  versionedRow,
  `SELECT ${modelColumns}, xmin::text AS version FROM "Model" WHERE id = ANY($1::text[])`,
)

interface CachedModel {
  version: string
  model: Model
  characters: number
}

export class ModelCache {
  readonly #lookups: Lookups
  readonly #rows: Coalesced<string, Row | undefined>
  readonly #cached = new LRUCache<string, CachedModel>({
    maxSize: maximumCharacters,
    sizeCalculation: ({ characters }) => characters,
  })
  readonly #onGone: ((id: string) => void)[] = []

  constructor(database: Pick<Database, 'pool'>) {
    this.#lookups = sharedLookups(database)
    this.#rows = coalescedRows(async (ids) => {
      const rows = await send(database.pool, rowsStatement, [ids])
      return new Map(rows.map((row) => [row.id, row]))
    })
  }

  /** The current model; null if there is none. The object is shared and must not be changed. */
  async find(id: string): Promise<Model | null> {
    return this.#modelAs(id, await this.#lookUp(id, null))
  }

  /** As `find`, among the models of a tenant, by id, `name@alias` or `name@version`. */
  async resolve(reference: string, tenantId: string): Promise<ResolvedModel | null> {
    return this.resolvedAs(reference, await this.#lookUp(reference, { tenantId }), tenantId)
  }

  /** @param keyId the key of the request, which is not verified yet; null if it has none */
  lookUp(reference: string, keyId: string | null): ModelLookup {
    const item = this.#item(reference, keyId === null ? { tenantId: localTenant } : { keyId })
    const started = new StartedLookup(this, reference, item ?? reference)
    if (item === null) started.resolve(undefined)
    else this.#lookups.add(started)
    return started
  }

  async #lookUp(text: string, owner: Owner | null): Promise<Found | undefined> {
    const item = this.#item(text, owner)
    return item === null ? undefined : this.#lookups.request(item)
  }

  /** Null for other texts, which are not sent: one that PostgreSQL rejects would fail the whole statement. */
  #item(text: string, owner: Owner | null): Lookup | null {
    if (this.#cached.has(text)) return text
    const reference = parseModelReference(text)
    if (reference === null) return null
    if (reference.type === 'id') return reference.id
    return owner === null ? null : { reference, owner }
  }

  resolvedAs(
    reference: string,
    found: Found | undefined,
    tenantId: string,
  ): ResolvedModel | null | Promise<ResolvedModel | null> {
    const [id, version] = found?.kind === 'named' ? [found.id, found.number] : [reference, null]
    const model = this.#modelAs(id, found, tenantId)
    if (model === null) return null
    return model instanceof Promise ? model.then((read) => resolved(read, version)) : resolved(model, version)
  }

  /** Returns a cached row without a promise, because every prediction calls this. */
  #modelAs(id: string, found: Found | undefined, tenantId?: string) {
    if (found === undefined || found.kind === 'key') {
      this.gone(id)
      return null
    }
    if ((tenantId ?? found.tenantId) !== found.tenantId) return null
    const cached = this.#cached.get(id)
    if (cached?.version !== found.version) return this.#read(id)
    return cached.model
  }

  /** Calls `listener` with the id of each model that turns out to be deleted. */
  onGone(listener: (id: string) => void): void {
    this.#onGone.push(listener)
  }

  gone(id: string): void {
    this.#cached.delete(id)
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
    this.#cached.set(id, { version: row.version, model, characters: description.length })
    return model
  }
}

const resolved = (model: Model | null, version: number | null): ResolvedModel | null =>
  model === null ? null : { model, version }

/** A lookup whose answer may come before or after the tenant is known. */
class StartedLookup implements ModelLookup {
  #isAnswered = false
  #found: Found | undefined
  #error: unknown
  #tenantId = ''
  #done: FoundModel | null = null

  constructor(
    private readonly cache: Pick<ModelCache, 'resolvedAs'>,
    private readonly reference: string,
    readonly item: Lookup,
  ) {}

  of(tenantId: string, done: FoundModel): void {
    this.#tenantId = tenantId
    this.#done = done
    if (this.#isAnswered) this.#passOn(done)
  }

  resolve(found: Found | undefined): void {
    this.#isAnswered = true
    this.#found = found
    if (this.#done !== null) this.#passOn(this.#done)
  }

  reject(error: unknown): void {
    this.#error = error
    this.resolve(undefined)
  }

  #passOn(done: FoundModel): void {
    if (this.#error !== undefined) {
      done(this.#error, null)
      return
    }
    const model = this.cache.resolvedAs(this.reference, this.#found, this.#tenantId)
    if (model instanceof Promise) {
      model.then(
        (read) => done(undefined, read),
        (error) => done(error, null),
      )
    } else done(undefined, model)
  }
}
