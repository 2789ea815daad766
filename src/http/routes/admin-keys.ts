/** Keys of all tenants, for operators. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { parseBySchema } from '../../bodies/validate.js'
import {
  apiKeySchema,
  createdKeySchema,
  keyBatchRequestSchema,
  keyBatchSchema,
  keyChangeSchema,
  keyRequestSchema,
  keyRotationSchema,
  maximumKeyBatch,
  rotatedKeySchema,
} from '../../contract/api-key.js'
import { tenantIdSchema } from '../../contract/key.js'
import { Problem } from '../../contract/problems.js'
import { createKey, createKeys, rotateKey } from '../../training/administer-keys.js'
import type { Actor } from '../../training/ports/audit.js'
import type { KeyAdministration } from '../../training/ports/keys.js'
import { type ActorSource, actorOf } from '../actor.js'
import { type Idempotency, idempotencyHeaders } from '../plugins/idempotency.js'
import { requirePrincipal } from '../principal.js'
import { problemBody } from '../problem-responses.js'
import { defaultLimit, pageParameters } from '../query-parameters.js'
import { requestTraceId } from '../request-trace.js'
import { failures, idParameters, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface AdminKeyRoutes extends ActorSource {
  keys: KeyAdministration
  idempotency: Idempotency
}

const config = { scope: 'admin' } as const
const tags = ['administration']
const unknownKey = (id: string) => new Problem('not-found', `There is no key ${id}.`)

export const adminKeyRoutes: RoutePlugin<AdminKeyRoutes> = (app, { dependencies }, done) => {
  /** @throws Problem `no-keys` while the service is open: its first key would close it to this client */
  function creator(request: FastifyRequest): { tenantId: string; actor: Actor } {
    const { tenantId, keyId } = requirePrincipal(request)
    if (keyId !== null) return { tenantId, actor: actorOf(request, dependencies()) }
    throw new Problem(
      'no-keys',
      'This service serves requests without a key. Create the first key by npm run keys, with the scope admin.',
    )
  }

  app.get(
    '/admin/keys',
    {
      config,
      schema: {
        tags,
        operationId: 'listKeys',
        summary: 'List keys, newest first',
        querystring: z.strictObject({
          ...pageParameters,
          tenant: tenantIdSchema.optional().describe('only keys of this tenant'),
        }),
        response: { 200: listSchema(apiKeySchema), ...failures },
      },
    },
    async (request) => {
      const { tenant, after, limit = defaultLimit } = request.query
      return toList(await dependencies().keys.list(tenant, { after, limit }))
    },
  )

  app.post(
    '/admin/keys',
    {
      config,
      schema: {
        tags,
        operationId: 'createKey',
        summary: 'Create a key',
        description:
          'The first key of a tenant creates the tenant. A tenant has at most two live keys, and 20 that may only predict ' +
          'listed models. Refused while the service needs no keys.',
        headers: idempotencyHeaders,
        body: keyRequestSchema,
        response: { 201: createdKeySchema, ...failures },
      },
    },
    async (request, reply) => {
      const { keys, idempotency } = dependencies()
      const requested = creator(request)
      const key = await idempotency.answerOnce(request, reply, (once) =>
        createKey(keys, request.body, { ...requested, once }),
      )
      reply.header('cache-control', 'no-store')
      return reply.code(201).header('location', key.links.self).send(key)
    },
  )

  app.post(
    '/admin/keys/batch',
    {
      config,
      schema: {
        tags,
        operationId: 'createKeys',
        summary: `Create up to ${maximumKeyBatch.toLocaleString('en')} keys`,
        description:
          'Creates or refuses each key separately, and stores them in one transaction: for a class, or for customers. An ' +
          'Idempotency-Key covers the whole request. Refused while the service needs no keys.',
        headers: idempotencyHeaders,
        body: keyBatchRequestSchema,
        response: { 201: keyBatchSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { keys, idempotency } = dependencies()
      const traceId = requestTraceId(request)
      const requested = {
        ...creator(request),
        toBody: (problem: Problem) => problemBody(problem, traceId),
      }
      const batch = await idempotency.answerOnce(request, reply, (once) => {
        const requests = request.body.keys.map((key) => parseBySchema(keyRequestSchema, key, 'key'))
        return createKeys(keys, requests, { ...requested, once })
      })
      reply.header('cache-control', 'no-store')
      return reply.code(201).send(batch)
    },
  )

  app.get(
    '/admin/keys/:id',
    {
      config,
      schema: {
        tags,
        operationId: 'getKey',
        summary: 'Get a key, without its secret',
        params: idParameters,
        response: { 200: apiKeySchema, ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      const key = await dependencies().keys.get(id)
      if (key === null) throw unknownKey(id)
      return key
    },
  )

  app.patch(
    '/admin/keys/:id',
    {
      config,
      schema: {
        tags,
        operationId: 'changeKey',
        summary: 'Change the name or the expiry of a live key',
        params: idParameters,
        body: keyChangeSchema,
        response: { 200: apiKeySchema, ...failures },
      },
    },
    async (request) => {
      const { keys } = dependencies()
      const { id } = request.params
      const key = await keys.change(id, request.body, actorOf(request, dependencies()))
      if (key === null) throw unknownKey(id)
      return key
    },
  )

  app.post(
    '/admin/keys/:id/rotate',
    {
      config,
      schema: {
        tags,
        operationId: 'rotateKey',
        summary: 'Replace a key',
        description:
          'Creates a key with the same tenant, name, scopes, models and expiry. Its secret is shown once. The old key stays ' +
          'valid for `overlapSeconds`, so that clients can change to the new one.',
        params: idParameters,
        body: keyRotationSchema,
        response: { 201: rotatedKeySchema, ...failures },
      },
    },
    async (request, reply) => {
      const { keys } = dependencies()
      const { id } = request.params
      const actor = actorOf(request, dependencies())
      const key = await rotateKey(keys, id, request.body?.overlapSeconds, actor)
      if (key === null) throw unknownKey(id)
      reply.header('cache-control', 'no-store')
      return reply.code(201).header('location', key.links.self).send(key)
    },
  )

  app.post(
    '/admin/keys/:id/revoke',
    {
      config,
      schema: {
        tags,
        operationId: 'revokeKey',
        summary: 'Revoke a key',
        description:
          'Takes effect at the next request, and streams of the key close within a second. The last live key with the scope ' +
          'admin is not revoked.',
        params: idParameters,
        response: { 200: apiKeySchema, ...failures },
      },
    },
    async (request) => {
      const { keys } = dependencies()
      const { id } = request.params
      const key = await keys.revoke(id, actorOf(request, dependencies()))
      if (key === null) throw unknownKey(id)
      return key
    },
  )

  app.delete(
    '/admin/keys/:id',
    {
      config,
      schema: {
        tags,
        operationId: 'deleteKey',
        summary: 'Delete a revoked or expired key',
        params: idParameters,
        response: { 204: z.null().describe('deleted'), ...failures },
      },
    },
    async (request, reply) => {
      const { keys } = dependencies()
      const { id } = request.params
      if (!(await keys.delete(id, actorOf(request, dependencies())))) throw unknownKey(id)
      return reply.code(204).send(null)
    },
  )

  done()
}
