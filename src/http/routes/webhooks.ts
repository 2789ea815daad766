/** Webhooks: addresses that are told when a job ends. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
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
import { callerOf } from '../caller.js'
import { type Idempotency, idempotencyHeaders } from '../plugins/idempotency.js'
import { defaultLimit, pageParameters } from '../query.js'
import { failures, idParameters, listOf, toList } from '../responses.js'

export interface WebhookRoutes {
  webhooks: WebhookStore
  idempotency: Idempotency
  /** Called when something is to be sent at once. */
  onFiled(): void
}

const deliveryParameters = idParameters.extend({ deliveryId: idParameters.shape.id })
const missing = (id: string) => new Problem('not-found', `There is no webhook ${id}.`)

export const webhookRoutes: FastifyPluginCallbackZod<WebhookRoutes> = (
  app,
  { webhooks, idempotency, onFiled },
  done,
) => {
  app.post(
    '/webhooks',
    {
      config: { scope: 'webhooks:write' },
      schema: {
        tags: ['webhooks'],
        summary: 'Register a webhook',
        description:
          'From now on, the end of each job is POSTed there: at least once, signed after the Standard Webhooks rules, tried ' +
          'again up to eight times over a day until it is answered 2xx within 10 s. Redirects are not followed, and ' +
          'addresses that are not public are refused when they are resolved.',
        headers: idempotencyHeaders,
        body: webhookRequestSchema,
        response: { 201: registeredWebhookSchema, ...failures },
      },
    },
    async (request, reply) => {
      const webhook = await idempotency.answerOnce(request, reply, (once) =>
        register(webhooks, callerOf(request).tenantId, request.body, once),
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
        summary: 'List webhooks, newest first',
        querystring: z.strictObject(pageParameters),
        response: { 200: listOf(webhookSchema), ...failures },
      },
    },
    async (request) => {
      const { query } = request
      const page = { ...query, limit: query.limit ?? defaultLimit }
      return toList(await webhooks.list(callerOf(request).tenantId, page))
    },
  )

  app.get(
    '/webhooks/:id',
    {
      config: { scope: 'webhooks:read' },
      schema: {
        tags: ['webhooks'],
        summary: 'Get a webhook and its last deliveries',
        params: idParameters,
        response: { 200: webhookWithDeliveriesSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      const webhook = await webhooks.get(callerOf(request).tenantId, id)
      if (webhook === null) throw missing(id)
      return webhook
    },
  )

  app.post(
    '/webhooks/:id/test',
    {
      config: { scope: 'webhooks:write' },
      schema: {
        tags: ['webhooks'],
        summary: 'Send a test event',
        description:
          'One attempt, also to a disabled webhook; GET /webhooks/{id} shows how it ended. While a test is on its way, the ' +
          'answer is that one. Only the newest test is kept.',
        params: idParameters,
        response: { 202: deliverySchema, ...failures },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const delivery = await webhooks.fileTest(callerOf(request).tenantId, id)
      if (delivery === null) throw missing(id)
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
        summary: 'Send a delivery again',
        description:
          'At once, with the same `webhook-id` and body, whether or not it was delivered or given up; its attempts count anew. ' +
          'To a disabled webhook it is one attempt.',
        params: deliveryParameters,
        response: { 202: deliverySchema, ...failures },
      },
    },
    async (request, reply) => {
      const { id, deliveryId } = request.params
      const delivery = await webhooks.redeliver(callerOf(request).tenantId, id, deliveryId)
      if (delivery === null) throw missing(id)
      if (delivery === undefined) {
        throw new Problem(
          'not-found',
          `Webhook ${id} has no delivery ${deliveryId}; they are kept for a week.`,
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
        summary: 'Replace the secret of a webhook',
        description:
          'The new secret is shown this once. Earlier ones sign beside it for `overlapSeconds`: each delivery then has a ' +
          'signature of each, separated by a space. Five secrets sign at most; of more, the one that expires first ends.',
        params: idParameters,
        body: rotationRequestSchema,
        response: { 200: rotatedWebhookSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      const webhook = await rotateSecret(webhooks, callerOf(request).tenantId, id, request.body)
      if (webhook === null) throw missing(id)
      return webhook
    },
  )

  app.post(
    '/webhooks/:id/enable',
    {
      config: { scope: 'webhooks:write' },
      schema: {
        tags: ['webhooks'],
        summary: 'Enable a webhook that was disabled',
        description: `A webhook is disabled when it has failed for ${disabledAfterDays} days without a success. Jobs that end from now on are told of again.`,
        params: idParameters,
        response: { 200: webhookSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      const webhook = await webhooks.enable(callerOf(request).tenantId, id)
      if (webhook === null) throw missing(id)
      return webhook
    },
  )

  app.delete(
    '/webhooks/:id',
    {
      config: { scope: 'webhooks:write' },
      schema: {
        tags: ['webhooks'],
        summary: 'Delete a webhook and its pending deliveries',
        params: idParameters,
        response: { 204: z.null().describe('gone'), ...failures },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      if (!(await webhooks.delete(callerOf(request).tenantId, id))) throw missing(id)
      return reply.code(204).send(null)
    },
  )

  done()
}
