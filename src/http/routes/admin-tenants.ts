/** Tenants and their limits, for operators. */
import { z } from 'zod'
import { localTenant, tenantIdSchema } from '../../contract/key.js'
import type { Limits } from '../../contract/limits.js'
import { Problem } from '../../contract/problems.js'
import {
  limitChangesSchema,
  suspensionSchema,
  tenantRequestSchema,
  tenantSchema,
  tenantStatus,
} from '../../contract/tenant.js'
import type { TenantAdministration } from '../../training/ports/tenants.js'
import { type ActorSource, actorOf } from '../actor.js'
import { requirePrincipal } from '../principal.js'
import { defaultLimit, pageParameters } from '../query-parameters.js'
import { failures, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface AdminTenantRoutes extends ActorSource {
  tenantAdministration: TenantAdministration
  /** The limits of tenants without own limits. */
  settings: Limits
  /** Called after a tenant is to be deleted. */
  onTenantDeletion(): void
}

const config = { scope: 'admin' } as const
const tags = ['administration']
const params = z.object({ id: tenantIdSchema })

export const adminTenantRoutes: RoutePlugin<AdminTenantRoutes> = (app, { dependencies }, done) => {
  /** @throws Problem `not-found` */
  async function read(id: string) {
    const { tenantAdministration, settings } = dependencies()
    const tenant = await tenantAdministration.get(id)
    if (tenant === null) throw unknownTenant(id)
    return tenantStatus(tenant, settings)
  }

  app.get(
    '/admin/tenants',
    {
      config,
      schema: {
        tags,
        operationId: 'listTenants',
        summary: 'List tenants by id',
        description: 'In the order of ids. A tenant has what it uses, but none of its data.',
        querystring: z.strictObject({
          ...pageParameters,
          prefix: z
            .string()
            .regex(/^[a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and hyphens')
            .default('')
            .describe('only tenants whose ids begin with this text'),
        }),
        response: { 200: listSchema(tenantSchema), ...failures },
      },
    },
    async (request) => {
      const { tenantAdministration, settings } = dependencies()
      const { prefix, after, limit = defaultLimit } = request.query
      const page = await tenantAdministration.list(prefix, { after, limit })
      return toList({ ...page, data: page.data.map((tenant) => tenantStatus(tenant, settings)) })
    },
  )

  app.get(
    '/admin/tenants/:id',
    {
      config,
      schema: {
        tags,
        operationId: 'getTenant',
        summary: 'Get a tenant, its limits and what it uses',
        params,
        response: { 200: tenantSchema, ...failures },
      },
    },
    (request) => read(request.params.id),
  )

  app.put(
    '/admin/tenants/:id',
    {
      config,
      schema: {
        tags,
        operationId: 'createTenant',
        summary: 'Create a tenant',
        description:
          'The first key of a tenant also creates it. If the tenant exists, this changes only the limits in the body.',
        params,
        body: tenantRequestSchema,
        response: { 200: tenantSchema.describe('it existed'), 201: tenantSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { tenantAdministration } = dependencies()
      const { id } = request.params
      const limits = request.body?.limits ?? {}
      const isNew = await tenantAdministration.create(id, limits, actorOf(request, dependencies()))
      return reply.code(isNew ? 201 : 200).send(await read(id))
    },
  )

  app.patch(
    '/admin/tenants/:id/limits',
    {
      config,
      schema: {
        tags,
        operationId: 'changeTenantLimits',
        summary: 'Change the limits of a tenant',
        description: 'Takes effect at the next request of the tenant. Null resets a limit to its setting.',
        params,
        body: limitChangesSchema,
        response: { 200: tenantSchema, ...failures },
      },
    },
    async (request) => {
      const { tenantAdministration } = dependencies()
      const { id } = request.params
      const actor = actorOf(request, dependencies())
      if (!(await tenantAdministration.changeLimits(id, request.body, actor))) throw unknownTenant(id)
      return read(id)
    },
  )

  app.post(
    '/admin/tenants/:id/suspend',
    {
      config,
      schema: {
        tags,
        operationId: 'suspendTenant',
        summary: 'Suspend a tenant',
        description:
          'Its keys and share links are refused from the next request on, and its streams close within a second. Queued ' +
          'jobs wait, and running ones end. Nothing is deleted. A tenant with a live key of the scope admin is not ' +
          'suspended.',
        params,
        body: suspensionSchema,
        response: { 200: tenantSchema, ...failures },
      },
    },
    async (request) => {
      const { tenantAdministration } = dependencies()
      const { id } = request.params
      const actor = actorOf(request, dependencies())
      if (!(await tenantAdministration.suspend(id, request.body.reason, actor))) throw unknownTenant(id)
      return read(id)
    },
  )

  app.post(
    '/admin/tenants/:id/resume',
    {
      config,
      schema: {
        tags,
        operationId: 'resumeTenant',
        summary: 'End the suspension of a tenant',
        params,
        response: { 200: tenantSchema, ...failures },
      },
    },
    async (request) => {
      const { tenantAdministration } = dependencies()
      const { id } = request.params
      if (!(await tenantAdministration.resume(id, actorOf(request, dependencies())))) throw unknownTenant(id)
      return read(id)
    },
  )

  app.delete(
    '/admin/tenants/:id',
    {
      config,
      schema: {
        tags,
        operationId: 'deleteTenant',
        summary: 'Delete a tenant with all its data',
        description:
          'Deletes keys, jobs, models, datasets, sweeps, webhooks and workshops with their participants. The tenant is ' +
          'suspended at once, and has the status `deleting` until its last row is gone. Usage and the audit log stay. A ' +
          'tenant with a live key of the scope admin is not deleted.',
        params,
        querystring: z.strictObject({
          confirm: tenantIdSchema
            .optional()
            .describe('the same id: deletes it even if it is active, and ends its running jobs'),
        }),
        response: { 202: tenantSchema.describe('the deletion has begun'), ...failures },
      },
    },
    async (request, reply) => {
      const { tenantAdministration, settings, onTenantDeletion } = dependencies()
      const { id } = request.params
      const { confirm } = request.query
      if (confirm !== undefined && confirm !== id) {
        const message = `must be the id of the tenant, ${id}`
        throw new Problem('invalid-request', `/confirm: ${message}`, [{ pointer: '/confirm', message }])
      }
      const { keyId } = requirePrincipal(request)
      if (keyId === null && id === localTenant) {
        const message = `This service serves requests without a key as the tenant ${id}. Create a key first.`
        throw new Problem('no-keys', message)
      }
      const actor = actorOf(request, dependencies())
      const tenant = await tenantAdministration.delete(id, confirm !== undefined, actor)
      if (tenant === null) throw new Problem('not-found', `There is no tenant ${id}.`)
      onTenantDeletion()
      return reply.code(202).send(tenantStatus(tenant, settings))
    },
  )

  done()
}

const unknownTenant = (id: string) =>
  new Problem('not-found', `There is no tenant ${id}. Create it with PUT /admin/tenants/${id}.`)
