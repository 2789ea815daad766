/** Administration: full batches of keys, wide lists and changes of limits. */
import { type HttpRequest, json } from '../http-client.js'
import { type Attack, get, post, remove } from './attack.js'

/** Creates keys of one tenant up to its limit. The others are refused. */
const batch = {
  keys: Array.from({ length: 1_000 }, (_, index) => ({
    tenantId: `loud-${index % 10}`,
    scopes: ['jobs:read'],
    name: `key ${index}`,
  })),
}
const key = `key_${'0'.repeat(32)}`

export const adminAttack: Attack = {
  routes: [
    'GET /admin/tenants',
    'GET /admin/tenants/{id}',
    'PUT /admin/tenants/{id}',
    'PATCH /admin/tenants/{id}/limits',
    'POST /admin/tenants/{id}/suspend',
    'POST /admin/tenants/{id}/resume',
    'DELETE /admin/tenants/{id}',
    'GET /admin/keys',
    'POST /admin/keys',
    'POST /admin/keys/batch',
    'GET /admin/keys/{id}',
    'PATCH /admin/keys/{id}',
    'POST /admin/keys/{id}/rotate',
    'POST /admin/keys/{id}/revoke',
    'DELETE /admin/keys/{id}',
    'GET /admin/audit',
    'GET /admin/usage',
    'GET /admin/webhooks',
    'POST /admin/webhooks/{id}/disable',
    'POST /admin/webhooks/{id}/enable',
  ],
  lanes: 2,
  prepare: async ({ client }) => ({
    round: async () => {
      const tenant = '/admin/tenants/loud-1'
      const change = { queuedJobs: 1 + Math.floor(1_000 * Math.random()) }
      const requests: HttpRequest[] = [
        post('/admin/keys/batch', batch),
        post('/admin/keys', batch.keys[0]),
        get('/admin/tenants?limit=100'),
        get('/admin/keys?limit=100'),
        get('/admin/audit?limit=100'),
        get('/admin/usage?limit=100'),
        get('/admin/usage?limit=100&totals=true'),
        get('/admin/webhooks?limit=100'),
        post('/admin/webhooks/whk_0/disable', { reason: 'loud' }),
        post('/admin/webhooks/whk_0/enable'),
        get(tenant),
        { method: 'PUT', path: tenant, body: json({}) },
        { method: 'PATCH', path: `${tenant}/limits`, body: json(change) },
        post(`${tenant}/suspend`, { reason: 'loud' }),
        post(`${tenant}/resume`),
        { method: 'PUT', path: '/admin/tenants/loud-gone', body: json({}) },
        remove('/admin/tenants/loud-gone?confirm=loud-gone'),
        get(`/admin/keys/${key}`),
        { method: 'PATCH', path: `/admin/keys/${key}`, body: json({ name: 'loud' }) },
        post(`/admin/keys/${key}/rotate`),
        post(`/admin/keys/${key}/revoke`),
        remove(`/admin/keys/${key}`),
      ]
      for (const request of requests) await client.send(request, false)
    },
  }),
}
