import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  evaluatedModelSchema,
  modelChangeSchema,
  modelRequestSchema,
  modelSchema,
} from '../../contract/model.js'
import { Problem } from '../../contract/problems.js'
import { changeModel } from '../../training/change-model.js'
import { construct } from '../../training/construct.js'
import { deleteModel } from '../../training/delete-model.js'
import type { AllModels } from '../../training/ports/models.js'
import type { RequestThread } from '../../training/ports/request-thread.js'
import { sendEntityTags } from '../plugins/entity-tags.js'
import { type Idempotency, idempotencyHeaders } from '../plugins/idempotency.js'
import { requirePrincipal } from '../principal.js'
import { defaultLimit, pageParameters } from '../query-parameters.js'
import { failures, idParameters, listSchema, toList } from '../response-schemas.js'
import { sendWeights } from './exports.js'

export interface ModelRoutes {
  models: Pick<AllModels, 'of' | 'weightChunks'>
  idempotency: Idempotency
  thread: Pick<RequestThread, 'construct'>
}

export const modelRoutes: FastifyPluginCallbackZod<ModelRoutes> = (
  app,
  { models, idempotency, thread },
  done,
) => {
  sendEntityTags(app)

  const tenantModels = (request: FastifyRequest) => models.of(requirePrincipal(request).tenantId)

  app.post(
    '/models',
    {
      config: { scope: 'models:write' },
      schema: {
        tags: ['models'],
        summary: 'Construct a model without training',
        description:
          'Builds the network of a Boolean function from its disjunctive normal form. The row number of the truth table is ' +
          'the inputs as a binary number, with the first input as its most significant bit.',
        headers: idempotencyHeaders,
        body: modelRequestSchema,
        response: { 201: modelSchema, ...failures },
      },
    },
    async (request, reply) => {
      const model = await idempotency.answerOnce(request, reply, (once) =>
        construct({ models: tenantModels(request), thread }, request.body, once),
      )
      return reply.code(201).header('location', model.links.self).send(model)
    },
  )

  app.get(
    '/models',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['models'],
        summary: 'List models, newest first',
        querystring: z.strictObject(pageParameters),
        response: { 200: listSchema(modelSchema), ...failures },
      },
    },
    async (request) => {
      const { query } = request
      return toList(await tenantModels(request).list({ ...query, limit: query.limit ?? defaultLimit }))
    },
  )

  app.get(
    '/models/:id',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['models'],
        summary: 'Get a model',
        description: '`evaluation` has the metrics on the validation rows; lists omit it.',
        params: idParameters,
        response: { 200: evaluatedModelSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      const model = await tenantModels(request).getEvaluated(id)
      if (model === null) throw new Problem('not-found', `There is no model ${id}.`)
      return model
    },
  )

  app.patch(
    '/models/:id',
    {
      config: { scope: 'models:write' },
      schema: {
        tags: ['models'],
        summary: 'Set the threshold of a two-class model',
        description:
          'Predictions and evaluations return the second class from this probability. The evaluation lists the results of ' +
          'each threshold.',
        params: idParameters,
        body: modelChangeSchema,
        response: { 200: modelSchema, ...failures },
      },
    },
    async (request) => changeModel(tenantModels(request), request.params.id, request.body),
  )

  app.delete(
    '/models/:id',
    {
      config: { scope: 'models:write' },
      schema: {
        tags: ['models'],
        summary: 'Delete a model that no unfinished job starts from',
        description:
          'Also deletes its weights and its evaluation. The job that trained it remains, with `modelId` null.',
        params: idParameters,
        response: { 204: z.null().describe('deleted'), ...failures },
      },
    },
    async (request, reply) => {
      await deleteModel(tenantModels(request), request.params.id)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/models/:id/weights',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['models'],
        summary: 'Download the weights',
        description:
          'Returns a safetensors file with float32 tensors, such as `layers.0.weight` with the shape [units, inputs]. ' +
          'The metadata has the id of the `model` and, as JSON, its `coding`: offset and scale of inputs and targets.',
        params: idParameters,
        response: {
          200: {
            description: 'the file',
            content: {
              'application/octet-stream': { schema: z.unknown().meta({ type: 'string', format: 'binary' }) },
            },
          },
          ...failures,
        },
      },
    },
    async (request, reply) => sendWeights(models, request, request.params.id, reply),
  )

  done()
}
