/** The tenants of a service, for operators. */
import { sleep } from './backoff.js'
import { type Filter, listItems } from './lists.js'
import { NotFoundError } from './problem-errors.js'
import type { CallOptions, Schemas } from './routes.js'
import type { Transport } from './transport.js'

type Tenant = Schemas['Tenant']

/** Null resets a limit to the setting of the service. */
export type LimitChanges = Schemas['LimitChanges']

/** Milliseconds between two looks at a tenant that is being deleted. */
const deletionPoll = 500

export class AdminTenants {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  list(filter: Filter<'GET /admin/tenants'> = {}, options: CallOptions = {}) {
    return listItems(this.#transport, 'GET /admin/tenants', { query: filter }, options)
  }

  get(id: string, options: CallOptions = {}): Promise<Tenant> {
    return this.#transport.json('GET /admin/tenants/{id}', { ...options, path: { id } })
  }

  /** If the tenant exists, this changes only the given limits. */
  create(id: string, limits: LimitChanges = {}, options: CallOptions = {}): Promise<Tenant> {
    return this.#transport.json('PUT /admin/tenants/{id}', { ...options, path: { id }, body: { limits } })
  }

  changeLimits(id: string, changes: LimitChanges, options: CallOptions = {}): Promise<Tenant> {
    const call = { ...options, path: { id }, body: changes }
    return this.#transport.json('PATCH /admin/tenants/{id}/limits', call)
  }

  /** @param reason the tenant sees it with every refused request */
  suspend(id: string, reason: string, options: CallOptions = {}): Promise<Tenant> {
    const call = { ...options, path: { id }, body: { reason } }
    return this.#transport.json('POST /admin/tenants/{id}/suspend', call)
  }

  resume(id: string, options: CallOptions = {}): Promise<Tenant> {
    return this.#transport.json('POST /admin/tenants/{id}/resume', { ...options, path: { id } })
  }

  /**
   * Begins the deletion of a tenant with all its data. `deleted` waits for the end.
   * @param options `confirm`, the same id, deletes it even if it is active or has running jobs
   */
  delete(id: string, { confirm, ...options }: CallOptions & { confirm?: string } = {}): Promise<Tenant> {
    return this.#transport.json('DELETE /admin/tenants/{id}', {
      ...options,
      path: { id },
      query: { confirm },
    })
  }

  /** Resolves when the tenant no longer exists. */
  async deleted(id: string, options: CallOptions = {}): Promise<void> {
    const { signal } = options
    for (;;) {
      try {
        await this.get(id, options)
      } catch (error) {
        if (error instanceof NotFoundError) return
        throw error
      }
      await sleep(deletionPoll, signal)
    }
  }
}
