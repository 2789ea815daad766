/** Administration, with a key of the scope `admin`: tenants, keys, webhooks, usage, workers and the audit log. */
import { AdminKeys } from './admin-keys.js'
import { AdminTenants } from './admin-tenants.js'
import { type Filter, listItems } from './lists.js'
import type { CallOptions, Schemas } from './routes.js'
import type { Transport } from './transport.js'

export class Admin {
  readonly tenants: AdminTenants
  readonly keys: AdminKeys
  readonly webhooks: AdminWebhooks
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
    this.tenants = new AdminTenants(transport)
    this.keys = new AdminKeys(transport)
    this.webhooks = new AdminWebhooks(transport)
  }

  /** What tenants used, by tenant and day, or by tenant with `totals: true`. */
  usage(filter: Filter<'GET /admin/usage'> = {}, options: CallOptions = {}) {
    return listItems(this.#transport, 'GET /admin/usage', { query: filter }, options)
  }

  /** The same as a CSV file. Read `body`, or call `text()`. */
  usageCsv(filter: Filter<'GET /admin/usage'> = {}, options: CallOptions = {}): Promise<Response> {
    const headers = { ...options.headers, accept: 'text/csv' }
    return this.#transport.response('GET /admin/usage', { ...options, headers, query: filter })
  }

  /** The audit log, newest first. */
  audit(filter: Filter<'GET /admin/audit'> = {}, options: CallOptions = {}) {
    return listItems(this.#transport, 'GET /admin/audit', { query: filter }, options)
  }

  workers(filter: Filter<'GET /workers'> = {}, options: CallOptions = {}) {
    return listItems(this.#transport, 'GET /workers', { query: filter }, options)
  }
}

/** The webhooks of all tenants. */
class AdminWebhooks {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  list(filter: Filter<'GET /admin/webhooks'> = {}, options: CallOptions = {}) {
    return listItems(this.#transport, 'GET /admin/webhooks', { query: filter }, options)
  }

  /** @param reason the tenant sees it */
  disable(id: string, reason: string, options: CallOptions = {}): Promise<Schemas['TenantWebhook']> {
    const call = { ...options, path: { id }, body: { reason } }
    return this.#transport.json('POST /admin/webhooks/{id}/disable', call)
  }

  enable(id: string, options: CallOptions = {}): Promise<Schemas['TenantWebhook']> {
    return this.#transport.json('POST /admin/webhooks/{id}/enable', { ...options, path: { id } })
  }
}
