/** Names of models and their versions. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Problem, unknownModel } from '../../contract/problems.js'
import {
  modelVersionSchema,
  registeredModelSchema,
  registeredNameSchema,
  registrationSchema,
  versionChangeSchema,
  versionStatusSchema,
} from '../../contract/registry.js'
import type { AllModels } from '../../training/ports/models.js'
import type { Registry } from '../../training/ports/registry.js'
import { type ActorSource, actorOf } from '../actor.js'
import { sendEntityTags } from '../plugins/entity-tags.js'
import { requirePrincipal } from '../principal.js'
import { defaultLimit, integerParameter, pageParameters } from '../query-parameters.js'
import { failures, idParameters, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface RegistryRoutes extends ActorSource {
  registry: Registry
  models: Pick<AllModels, 'of'>
}

const nameParameters = z.object({ name: registeredNameSchema })
const versionParameters = nameParameters.extend({ version: integerParameter(1, 999_999_999) })

export const registryRoutes: RoutePlugin<RegistryRoutes> = (app, { dependencies }, done) => {
  sendEntityTags(app)
  const names = (request: FastifyRequest) => dependencies().registry.of(requirePrincipal(request).tenantId)

  app.get(
    '/registry',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['registry'],
        operationId: 'listRegisteredModels',
        summary: 'List the names of models, in alphabetical order',
        querystring: z.strictObject(pageParameters),
        response: { 200: listSchema(registeredModelSchema), ...failures },
      },
    },
    async (request) => {
      const { after, limit = defaultLimit } = request.query
      return toList(await names(request).names({ after, limit }))
    },
  )

  app.get(
    '/registry/:name',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['registry'],
        operationId: 'getRegisteredModel',
        summary: 'Get a name with its aliases',
        params: nameParameters,
        response: { 200: registeredModelSchema, ...failures },
      },
    },
    async (request) => names(request).find(request.params.name),
  )

  app.delete(
    '/registry/:name',
    {
      config: { scope: 'models:write' },
      schema: {
        tags: ['registry'],
        operationId: 'deleteRegisteredModel',
        summary: 'Delete a name without aliases',
        description: 'Also deletes its versions and the history of its aliases. The models remain.',
        params: nameParameters,
        response: { 204: z.null().describe('deleted'), ...failures },
      },
    },
    async (request, reply) => {
      await names(request).delete(request.params.name, actorOf(request, dependencies()))
      return reply.code(204).send(null)
    },
  )

  app.put(
    '/registry/:name/versions',
    {
      config: { scope: 'models:write' },
      schema: {
        tags: ['registry'],
        operationId: 'registerVersion',
        summary: 'Register a model as the next version of a name',
        description:
          'Creates the name if necessary. A model that is already a version of the name keeps its number, so a repeated request ' +
          'changes nothing.',
        params: nameParameters,
        body: registrationSchema,
        response: {
          200: modelVersionSchema.describe('the version that the model already has'),
          201: modelVersionSchema.describe('registered'),
          ...failures,
        },
      },
    },
    async (request, reply) => {
      const { tenantId, keyId } = requirePrincipal(request)
      const { modelId } = request.body
      const model = await dependencies().models.of(tenantId).get(modelId)
      if (model === null) {
        const items = [{ pointer: '/modelId', message: 'does not exist' }]
        throw new Problem('not-found', `There is no model ${modelId}.`, items)
      }
      const { version, isNew } = await names(request).register(request.params.name, model.id, keyId)
      if (!isNew) return reply.code(200).send(version)
      return reply.code(201).header('location', version.links.self).send(version)
    },
  )

  app.get(
    '/models/:id/versions',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['registry'],
        operationId: 'listModelVersions',
        summary: 'List the versions of a model, by name',
        description: 'At most one for each name. All are on one page.',
        params: idParameters,
        response: { 200: listSchema(modelVersionSchema), ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      const model = await dependencies().models.of(requirePrincipal(request).tenantId).get(id)
      if (model === null) throw unknownModel(id)
      const data = await names(request).modelVersions(model.id)
      return toList({ data, hasMore: false, lastId: data.at(-1)?.name ?? null })
    },
  )

  app.get(
    '/registry/:name/versions',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['registry'],
        operationId: 'listVersions',
        summary: 'List the versions of a name, newest first',
        params: nameParameters,
        querystring: z.strictObject({ ...pageParameters, status: versionStatusSchema.optional() }),
        response: { 200: listSchema(modelVersionSchema), ...failures },
      },
    },
    async (request) => {
      const { limit = defaultLimit, ...filters } = request.query
      return toList(await names(request).versions(request.params.name, { ...filters, limit }))
    },
  )

  app.get(
    '/registry/:name/versions/:version',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['registry'],
        operationId: 'getVersion',
        summary: 'Get a version',
        params: versionParameters,
        response: { 200: modelVersionSchema, ...failures },
      },
    },
    async (request) => names(request).version(request.params.name, request.params.version),
  )

  app.patch(
    '/registry/:name/versions/:version',
    {
      config: { scope: 'models:write' },
      schema: {
        tags: ['registry'],
        operationId: 'updateVersion',
        summary: 'Archive a version, or undo it',
        description:
          'An archived version cannot be given an alias. A version with an alias cannot be archived. Predictions with ' +
          '`name@version` still work.',
        params: versionParameters,
        body: versionChangeSchema,
        response: { 200: modelVersionSchema, ...failures },
      },
    },
    async (request) => {
      const { name, version } = request.params
      return names(request).setArchived(name, version, request.body.status === 'archived')
    },
  )

  done()
}
