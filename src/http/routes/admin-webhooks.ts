/** Webhooks of all tenants, for operators. */
import { z } from 'zod'
import { tenantIdSchema } from '../../contract/key.js'
import { Problem } from '../../contract/problems.js'
import { tenantWebhookSchema, webhookDisablingSchema } from '../../contract/webhook.js'
import type { WebhookAdministration } from '../../training/ports/webhooks.js'
import { type ActorSource, actorOf } from '../actor.js'
import { defaultLimit, pageParameters } from '../query-parameters.js'
import { failures, idParameters, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface AdminWebhookRoutes extends ActorSource {
  webhookAdministration: WebhookAdministration
}

const config = { scope: 'admin' } as const
const tags = ['administration']
const unknownWebhook = (id: string) => new Problem('not-found', `There is no webhook ${id}.`)

export const adminWebhookRoutes: RoutePlugin<AdminWebhookRoutes> = (app, { dependencies }, done) => {
  app.get(
    '/admin/webhooks',
    {
      config,
      schema: {
        tags,
        operationId: 'listTenantWebhooks',
        summary: 'List the webhooks of all tenants, by tenant',
        description: 'Without secrets, and with the host of the address only.',
        querystring: z.strictObject({
          ...pageParameters,
          tenant: tenantIdSchema.optional().describe('only webhooks of this tenant'),
        }),
        response: { 200: listSchema(tenantWebhookSchema), ...failures },
      },
    },
    async (request) => {
      const { tenant, after, limit = defaultLimit } = request.query
      return toList(await dependencies().webhookAdministration.list(tenant, { after, limit }))
    },
  )

  app.post(
    '/admin/webhooks/:id/disable',
    {
      config,
      schema: {
        tags,
        operationId: 'disableTenantWebhook',
        summary: 'Disable a webhook of a tenant',
        description: 'It sends nothing until an operator or its tenant enables it.',
        params: idParameters,
        body: webhookDisablingSchema,
        response: { 200: tenantWebhookSchema, ...failures },
      },
    },
    async (request) => {
      const { webhookAdministration } = dependencies()
      const { id } = request.params
      const actor = actorOf(request, dependencies())
      const webhook = await webhookAdministration.disable(id, request.body.reason, actor)
      if (webhook === null) throw unknownWebhook(id)
      return webhook
    },
  )

  app.post(
    '/admin/webhooks/:id/enable',
    {
      config,
      schema: {
        tags,
        operationId: 'enableTenantWebhook',
        summary: 'Enable a webhook of a tenant',
        params: idParameters,
        response: { 200: tenantWebhookSchema, ...failures },
      },
    },
    async (request) => {
      const { webhookAdministration } = dependencies()
      const { id } = request.params
      const webhook = await webhookAdministration.disable(id, null, actorOf(request, dependencies()))
      if (webhook === null) throw unknownWebhook(id)
      return webhook
    },
  )

  done()
}
