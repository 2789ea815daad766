import multipart from '@fastify/multipart'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { fingerprintBody } from '../../bodies/fingerprint-body.js'
import {
  evaluatedModelSchema,
  type Model,
  type ModelRequest,
  modelChangeSchema,
  modelRequestSchema,
  modelSchema,
} from '../../contract/model.js'
import { modelFormSchema } from '../../contract/model-import.js'
import { unknownModel } from '../../contract/problems.js'
import { changeModel } from '../../training/change-model.js'
import { construct } from '../../training/construct.js'
import { deleteModel } from '../../training/delete-model.js'
import type { ModelImporter } from '../../training/import-model.js'
import type { AllModels } from '../../training/ports/models.js'
import type { RequestThread } from '../../training/ports/request-thread.js'
import { type ActorSource, actorOf } from '../actor.js'
import { disconnectSignal } from '../client-disconnect.js'
import { readModelForm } from '../model-form.js'
import { sendEntityTags } from '../plugins/entity-tags.js'
import { fingerprintPrefix, type Idempotency, idempotencyHeaders } from '../plugins/idempotency.js'
import { closeUnlessReceived } from '../plugins/lingering-close.js'
import { requirePrincipal } from '../principal.js'
import { defaultLimit, labelParameters, pageParameters, readLabels } from '../query-parameters.js'
import { failures, idParameters, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import { multipartType } from '../upload-files.js'
import { sendWeights } from './exports.js'

export interface ModelRoutes extends ActorSource {
  models: Pick<AllModels, 'of' | 'weightChunks'>
  idempotency: Idempotency
  thread: Pick<RequestThread, 'construct'>
  modelImporter: ModelImporter
  limits: { bodyBytes: number }
}

const jsonType = 'application/json'
/** For the document only: the body is a stream, whose fields the import thread validates. */
const form = z.unknown().meta(z.toJSONSchema(modelFormSchema, { io: 'input' }))

export const modelRoutes: RoutePlugin<ModelRoutes> = (app, { dependencies }, done) => {
  sendEntityTags(app)
  app.register(multipart)

  const tenantModels = (request: FastifyRequest) =>
    dependencies().models.of(requirePrincipal(request).tenantId)

  async function importModel(request: FastifyRequest, reply: FastifyReply): Promise<Model> {
    const { tenantId, limits } = requirePrincipal(request)
    const { modelImporter, idempotency, limits: bodies } = dependencies()
    const received = readModelForm(request, bodies.bodyBytes)
    try {
      const signal = disconnectSignal(reply)
      return await modelImporter.receive(
        { tenantId, limits },
        received,
        signal,
        ({ fields, sha256, store }) => {
          const prefix = fingerprintPrefix(request)
          const content = { fields, sha256 }
          request.bodyFingerprint = prefix === null ? null : fingerprintBody(prefix, content, content)
          return idempotency.answerOnce(request, reply, (once) => store(tenantModels(request), once))
        },
      )
    } catch (error) {
      closeUnlessReceived(request, reply)
      throw error
    }
  }

  app.post(
    '/models',
    {
      config: { scope: 'models:write', hasOwnTurns: (request) => request.isMultipart() },
      schema: {
        tags: ['models'],
        operationId: 'createModel',
        summary: 'Import a model, or construct one without training',
        description:
          'As a form: imports a safetensors file, whose tensors have the names of this service or of a PyTorch state dict, or ' +
          'an ONNX file of a chain of layers. Files of GET /models/{id}/weights and /models/{id}/export need no fields. ' +
          'As JSON: builds the network of a Boolean function from its disjunctive normal form. The row number of the truth ' +
          'table is the inputs as a binary number, with the first input as its most significant bit.',
        headers: idempotencyHeaders,
        body: {
          content: { [jsonType]: { schema: modelRequestSchema }, [multipartType]: { schema: form } },
        },
        response: { 201: modelSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { idempotency, thread } = dependencies()
      const model = request.isMultipart()
        ? await importModel(request, reply)
        : await idempotency.answerOnce(request, reply, (once) =>
            // Validated by the schema of its content type.
            construct(
              { tenantId: requirePrincipal(request).tenantId, models: tenantModels(request), thread },
              request.body as ModelRequest,
              once,
            ),
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
        operationId: 'listModels',
        summary: 'List models, newest first',
        querystring: z.strictObject({ ...pageParameters, ...labelParameters }),
        response: { 200: listSchema(modelSchema), ...failures },
      },
    },
    async (request) => {
      const { limit = defaultLimit, after, name, ...labels } = request.query
      const page = { limit, after, name, labels: readLabels(labels) }
      return toList(await tenantModels(request).list(page))
    },
  )

  app.get(
    '/models/:id',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['models'],
        operationId: 'getModel',
        summary: 'Get a model',
        description: '`evaluation` has the metrics on the validation rows; lists omit it.',
        params: idParameters,
        response: { 200: evaluatedModelSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      const model = await tenantModels(request).getEvaluated(id)
      if (model === null) throw unknownModel(id)
      return model
    },
  )

  app.patch(
    '/models/:id',
    {
      config: { scope: 'models:write' },
      schema: {
        tags: ['models'],
        operationId: 'updateModel',
        summary: 'Change the threshold, name, notes, tags or metadata of a model',
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
        operationId: 'deleteModel',
        summary: 'Delete a model that no unfinished job starts from',
        description:
          'Also deletes its weights and its evaluation. The job that trained it remains, with `modelId` null.',
        params: idParameters,
        response: { 204: z.null().describe('deleted'), ...failures },
      },
    },
    async (request, reply) => {
      await deleteModel(tenantModels(request), request.params.id, actorOf(request, dependencies()))
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/models/:id/weights',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['models'],
        operationId: 'downloadWeights',
        summary: 'Download the weights',
        description:
          'Returns a safetensors file with float32 tensors, such as `layers.0.weight` with the shape [units, inputs]. ' +
          'The metadata has the id of the `model`, its `loss` and, as JSON, its `network` and its `coding`: offset and scale ' +
          'of inputs and targets. POST /models takes the file.',
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
    async (request, reply) => sendWeights(dependencies().models, request, request.params.id, reply),
  )

  done()
}
