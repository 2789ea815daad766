import { z } from 'zod'
import { Problem } from '../../contract/problems.js'
import {
  deliverySchema,
  disabledAfterDays,
  registeredWebhookSchema,
  rotatedWebhookSchema,
  rotationRequestSchema,
  webhookRequestSchema,
  webhookSchema,
  webhookWithDeliveriesSchema,
} from '../../contract/webhook.js'
import type { WebhookStore } from '../../training/ports/webhooks.js'
import { register, rotateSecret } from '../../training/webhooks.js'
import { type ActorSource, actorOf } from '../actor.js'
import { type Idempotency, idempotencyHeaders } from '../plugins/idempotency.js'
import { requirePrincipal } from '../principal.js'
import { defaultLimit, pageParameters } from '../query-parameters.js'
import { failures, idParameters, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface WebhookRoutes extends ActorSource {
  webhooks: WebhookStore
  idempotency: Idempotency
  /** Called when a delivery is due at once. */
  onFiled(): void
}

const deliveryParameters = idParameters.extend({ deliveryId: idParameters.shape.id })
const notFound = (id: string) => new Problem('not-found', `There is no webhook ${id}.`)

export const webhookRoutes: RoutePlugin<WebhookRoutes> = (app, { dependencies }, done) => {
  app.post(
    '/webhooks',
    {
      config: { scope: 'webhooks:write' },
      schema: {
        tags: ['webhooks'],
        operationId: 'createWebhook',
        summary: 'Register a webhook',
        description:
          'Sends a POST to the address when a job ends: at least once, signed as Standard Webhooks specifies. A delivery ' +
          'succeeds with a 2xx response within 10 s, and is retried up to eight times over a day. Redirects are not ' +
          'followed, and private addresses are refused when they are resolved.',
        headers: idempotencyHeaders,
        body: webhookRequestSchema,
        response: { 201: registeredWebhookSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { webhooks, idempotency } = dependencies()
      const actor = actorOf(request, dependencies())
      const webhook = await idempotency.answerOnce(request, reply, (once) =>
        register(webhooks, requirePrincipal(request).tenantId, request.body, actor, once),
      )
      return reply.code(201).header('location', webhook.links.self).send(webhook)
    },
  )

  app.get(
    '/webhooks',
    {
      config: { scope: 'webhooks:read' },
      schema: {
        tags: ['webhooks'],
        operationId: 'listWebhooks',
        summary: 'List webhooks, newest first',
        querystring: z.strictObject(pageParameters),
        response: { 200: listSchema(webhookSchema), ...failures },
      },
    },
    async (request) => {
      const { query } = request
      const page = { ...query, limit: query.limit ?? defaultLimit }
      return toList(await dependencies().webhooks.list(requirePrincipal(request).tenantId, page))
    },
  )

  app.get(
    '/webhooks/:id',
    {
      config: { scope: 'webhooks:read' },
      schema: {
        tags: ['webhooks'],
        operationId: 'getWebhook',
        summary: 'Get a webhook and its last deliveries',
        params: idParameters,
        response: { 200: webhookWithDeliveriesSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      const webhook = await dependencies().webhooks.get(requirePrincipal(request).tenantId, id)
      if (webhook === null) throw notFound(id)
      return webhook
    },
  )

  app.post(
    '/webhooks/:id/test',
    {
      config: { scope: 'webhooks:write' },
      schema: {
        tags: ['webhooks'],
        operationId: 'testWebhook',
        summary: 'Send a test event',
        description:
          'Makes one attempt, also to a disabled webhook; GET /webhooks/{id} shows its result. While a test is pending, ' +
          'the response is that test. Only the most recent test is kept.',
        params: idParameters,
        response: { 202: deliverySchema, ...failures },
      },
    },
    async (request, reply) => {
      const { webhooks, onFiled } = dependencies()
      const { id } = request.params
      const delivery = await webhooks.fileTest(requirePrincipal(request).tenantId, id)
      if (delivery === null) throw notFound(id)
      onFiled()
      return reply.code(202).send(delivery)
    },
  )

  app.post(
    '/webhooks/:id/deliveries/:deliveryId/redeliver',
    {
      config: { scope: 'webhooks:write' },
      schema: {
        tags: ['webhooks'],
        operationId: 'redeliver',
        summary: 'Send a delivery again',
        description:
          'Sends the delivery at once with the same `webhook-id` and body, whatever its status, and restarts its count of ' +
          'attempts. A disabled webhook gets one attempt.',
        params: deliveryParameters,
        response: { 202: deliverySchema, ...failures },
      },
    },
    async (request, reply) => {
      const { webhooks, onFiled } = dependencies()
      const { id, deliveryId } = request.params
      const delivery = await webhooks.redeliver(requirePrincipal(request).tenantId, id, deliveryId)
      if (delivery === null) throw notFound(id)
      if (delivery === undefined) {
        throw new Problem(
          'not-found',
          `Webhook ${id} has no delivery ${deliveryId}. Deliveries are kept for a week.`,
        )
      }
      onFiled()
      return reply.code(202).send(delivery)
    },
  )

  app.post(
    '/webhooks/:id/rotate-secret',
    {
      config: { scope: 'webhooks:write' },
      schema: {
        tags: ['webhooks'],
        operationId: 'rotateWebhookSecret',
        summary: 'Replace the secret of a webhook',
        description:
          'The new secret is shown once. Earlier secrets stay valid for `overlapSeconds`: each delivery then has one ' +
          'signature for each secret, separated by spaces. At most five secrets are valid; a sixth replaces the one that ' +
          'expires first.',
        params: idParameters,
        body: rotationRequestSchema,
        response: { 200: rotatedWebhookSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      const { webhooks } = dependencies()
      const actor = actorOf(request, dependencies())
      const webhook = await rotateSecret(
        webhooks,
        requirePrincipal(request).tenantId,
        id,
        request.body,
        actor,
      )
      if (webhook === null) throw notFound(id)
      return webhook
    },
  )

  app.post(
    '/webhooks/:id/enable',
    {
      config: { scope: 'webhooks:write' },
      schema: {
        tags: ['webhooks'],
        operationId: 'enableWebhook',
        summary: 'Enable a webhook that was disabled',
        description: `A webhook is disabled after ${disabledAfterDays} days without a success. Enabling it resumes the events of later jobs.`,
        params: idParameters,
        response: { 200: webhookSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      const { webhooks } = dependencies()
      const actor = actorOf(request, dependencies())
      const webhook = await webhooks.enable(requirePrincipal(request).tenantId, id, actor)
      if (webhook === null) throw notFound(id)
      return webhook
    },
  )

  app.delete(
    '/webhooks/:id',
    {
      config: { scope: 'webhooks:write' },
      schema: {
        tags: ['webhooks'],
        operationId: 'deleteWebhook',
        summary: 'Delete a webhook and its pending deliveries',
        params: idParameters,
        response: { 204: z.null().describe('deleted'), ...failures },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { webhooks } = dependencies()
      const actor = actorOf(request, dependencies())
      if (!(await webhooks.delete(requirePrincipal(request).tenantId, id, actor))) throw notFound(id)
      return reply.code(204).send(null)
    },
  )

  done()
}
