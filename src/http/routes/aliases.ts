/** Aliases of versions. Changes are conditional on the entity tag of the alias (RFC 9110, section 13). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import {
  type Alias,
  aliasMoveSchema,
  aliasNameSchema,
  aliasSchema,
  aliasTargetSchema,
  registeredNameSchema,
} from '../../contract/registry.js'
import type { Precondition } from '../../training/ports/registry.js'
import { requirePrincipal } from '../principal.js'
import { defaultLimit, pageParameters } from '../query-parameters.js'
import { failures, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import type { RegistryRoutes } from './registry.js'

const aliasParameters = z.object({ name: registeredNameSchema, alias: aliasNameSchema })

/** Other headers are not validated. */
const matchHeader = {
  'if-match': z.string().optional().describe('the etag of the alias as the client knows it'),
}
const matchHeaders = z.looseObject(matchHeader)
const moveHeaders = z.looseObject({
  ...matchHeader,
  'if-none-match': z.string().optional().describe('`*` creates the alias only if it does not exist'),
})

const precondition = ({ headers }: FastifyRequest): Precondition => ({
  ifMatch: headers['if-match'],
  ifNoneMatch: headers['if-none-match'],
})

const withTag = (reply: FastifyReply, alias: Alias) => reply.header('etag', alias.etag)

export const aliasRoutes: RoutePlugin<Pick<RegistryRoutes, 'registry'>> = (app, { dependencies }, done) => {
  const aliases = (request: FastifyRequest) => dependencies().registry.of(requirePrincipal(request).tenantId)

  app.get(
    '/registry/:name/aliases/:alias',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['registry'],
        operationId: 'getAlias',
        summary: 'Get an alias',
        params: aliasParameters,
        response: { 200: aliasSchema, ...failures },
      },
    },
    async (request, reply) => {
      const alias = await aliases(request).alias(request.params.name, request.params.alias)
      return withTag(reply, alias).send(alias)
    },
  )

  app.put(
    '/registry/:name/aliases/:alias',
    {
      config: { scope: 'models:write' },
      schema: {
        tags: ['registry'],
        operationId: 'setAlias',
        summary: 'Create or move an alias',
        description:
          'An existing alias moves only with its etag in `if-match`; `if-none-match: *` only creates one. Requests after ' +
          'the response use the new version. Setting the version that it already has changes nothing.',
        params: aliasParameters,
        headers: moveHeaders,
        body: aliasTargetSchema,
        response: {
          200: aliasSchema.describe('moved'),
          201: aliasSchema.describe('created'),
          ...failures,
        },
      },
    },
    async (request, reply) => {
      const { keyId } = requirePrincipal(request)
      const { version } = request.body
      const { alias, isNew } = await aliases(request).move(
        request.params,
        version,
        precondition(request),
        keyId,
      )
      if (!isNew) return withTag(reply, alias).code(200).send(alias)
      return withTag(reply, alias).code(201).header('location', alias.links.self).send(alias)
    },
  )

  app.post(
    '/registry/:name/aliases/:alias/rollback',
    {
      config: { scope: 'models:write' },
      schema: {
        tags: ['registry'],
        operationId: 'rollBackAlias',
        summary: 'Move an alias back to its previous version',
        description:
          'The version that it had before its most recent move. The rollback is a move, too: a second one undoes the first.',
        params: aliasParameters,
        headers: matchHeaders,
        response: { 200: aliasSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { keyId } = requirePrincipal(request)
      const alias = await aliases(request).rollback(request.params, precondition(request), keyId)
      return withTag(reply, alias).send(alias)
    },
  )

  app.delete(
    '/registry/:name/aliases/:alias',
    {
      config: { scope: 'models:write' },
      schema: {
        tags: ['registry'],
        operationId: 'deleteAlias',
        summary: 'Delete an alias',
        description: 'Its history remains.',
        params: aliasParameters,
        headers: matchHeaders,
        response: { 204: z.null().describe('deleted'), ...failures },
      },
    },
    async (request, reply) => {
      await aliases(request).remove(request.params, precondition(request), requirePrincipal(request).keyId)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/registry/:name/aliases/:alias/history',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['registry'],
        operationId: 'listAliasMoves',
        summary: 'List the moves of an alias, newest first',
        description: 'The most recent 1,000 moves, also of a deleted alias.',
        params: aliasParameters,
        querystring: z.strictObject(pageParameters),
        response: { 200: listSchema(aliasMoveSchema), ...failures },
      },
    },
    async (request) => {
      const { after, limit = defaultLimit } = request.query
      return toList(await aliases(request).history(request.params, { after, limit }))
    },
  )

  done()
}
