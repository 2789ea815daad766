/** The keys of all tenants, for operators. */
import { type Filter, listItems } from './lists.js'
import type { CallOptions, Schemas } from './routes.js'
import type { Transport } from './transport.js'

export class AdminKeys {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  list(filter: Filter<'GET /admin/keys'> = {}, options: CallOptions = {}) {
    return listItems(this.#transport, 'GET /admin/keys', { query: filter }, options)
  }

  get(id: string, options: CallOptions = {}): Promise<Schemas['ApiKey']> {
    return this.#transport.json('GET /admin/keys/{id}', { ...options, path: { id } })
  }

  /** `secret` of the result is shown once: a repetition under the same Idempotency-Key has null. */
  create(key: Schemas['KeyRequest'], options: CallOptions = {}): Promise<Schemas['CreatedApiKey']> {
    return this.#transport.json('POST /admin/keys', { ...options, body: key })
  }

  /** Creates up to 1,000 keys. Each is created or refused separately, and `results` has their order. */
  createAll(keys: readonly Schemas['KeyRequest'][], options: CallOptions = {}): Promise<Schemas['KeyBatch']> {
    return this.#transport.json('POST /admin/keys/batch', { ...options, body: { keys } })
  }

  change(id: string, change: Schemas['KeyChange'], options: CallOptions = {}): Promise<Schemas['ApiKey']> {
    return this.#transport.json('PATCH /admin/keys/{id}', { ...options, path: { id }, body: change })
  }

  /** A key in place of this one, which stays valid for `overlapSeconds`, a day by default. */
  rotate(
    id: string,
    { overlapSeconds, ...options }: CallOptions & { overlapSeconds?: number } = {},
  ): Promise<Schemas['RotatedApiKey']> {
    const body = overlapSeconds === undefined ? {} : { overlapSeconds }
    return this.#transport.json('POST /admin/keys/{id}/rotate', { ...options, path: { id }, body })
  }

  /** The last live key with the scope `admin` is not revoked. */
  revoke(id: string, options: CallOptions = {}): Promise<Schemas['ApiKey']> {
    return this.#transport.json('POST /admin/keys/{id}/revoke', { ...options, path: { id } })
  }

  /** Deletes a revoked or expired key. */
  delete(id: string, options: CallOptions = {}): Promise<void> {
    return this.#transport.json('DELETE /admin/keys/{id}', { ...options, path: { id } })
  }
}
