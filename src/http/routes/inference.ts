/** The Open Inference Protocol V2 over REST, with its binary tensor data extension. Errors are `{ "error": … }`. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shareCall } from '../../base/share-call.js'
import type { BodyThread } from '../../bodies/body-thread.js'
import {
  inferenceErrorSchema,
  inferenceLivenessSchema,
  inferenceReadinessSchema,
  inferenceRequestSchema,
  inferenceResponseSchema,
  modelMetadataSchema,
  modelReadinessSchema,
  serverMetadataSchema,
} from '../../contract/inference.js'
import { Problem, unknownModel } from '../../contract/problems.js'
import { release } from '../../contract/release.js'
import { text } from '../../contract/text.js'
import { infer } from '../../training/inference/infer.js'
import { modelMetadata } from '../../training/inference/model-metadata.js'
import type { AllModels } from '../../training/ports/models.js'
import { parseInferenceBodies } from '../inference-body.js'
import { sendInference } from '../inference-response.js'
import { modelReference } from '../model-reference.js'
import { prefetchModels, sendModelVersion } from '../plugins/model-prefetch.js'
import { requirePrincipal } from '../principal.js'
import { type DatabaseTrouble, errorHandler, sendInferenceError } from '../problem-responses.js'
import type { RoutePlugin } from '../route-plugin.js'
import { predictorsOf, type TracedPredictions } from '../traced-predictions.js'
import type { Readiness } from './operations.js'

export interface InferenceRoutes extends TracedPredictions {
  models: Pick<AllModels, 'lookUp'>
  thread: BodyThread
  readiness: Pick<Readiness, 'missing'>
  databaseTrouble: DatabaseTrouble
}

const failure = {
  description: 'The request is invalid or not allowed (4xx), or the server cannot answer (5xx)',
  content: { 'application/json': { schema: inferenceErrorSchema } },
}
const failures = { '4xx': failure, '5xx': failure }

const byName = z.object({ name: text(200) })
const byVersion = z.object({ name: text(200), version: text(100) })

const octets = z.unknown().meta({ type: 'string', format: 'binary' })

const tags = ['inference']

/** With the prefix /v2. */
export const inferenceRoutes: RoutePlugin<InferenceRoutes> = (app, { dependencies }, done) => {
  app.setErrorHandler(errorHandler((error) => dependencies().databaseTrouble(error), sendInferenceError))
  parseInferenceBodies(app, () => dependencies().thread)
  const lookUp: AllModels['lookUp'] = (reference, keyId) => dependencies().models.lookUp(reference, keyId)
  const { prefetch, onRequest } = prefetchModels(app, lookUp, (params) => {
    const { name, version } = readPath(params)
    return modelReference(name, version)
  })

  // Clients send /v2, and the OpenAPI document of the protocol has /v2/.
  for (const path of ['', '/']) {
    app.get(
      path,
      {
        prefixTrailingSlash: 'slash',
        config: { scope: 'public' },
        schema: {
          hide: path === '/',
          tags,
          operationId: 'getInferenceServer',
          summary: 'Get the name and extensions of the inference server',
          response: { 200: serverMetadataSchema, ...failures },
        },
      },
      () => ({ name: 'descent', version: release, extensions: ['binary_tensor_data'] }),
    )
  }

  app.get(
    '/health/live',
    {
      config: { scope: 'public' },
      schema: {
        tags,
        operationId: 'checkInferenceLiveness',
        summary: 'Check that the inference server is live',
        response: { 200: inferenceLivenessSchema, ...failures },
      },
    },
    () => ({ live: true as const }),
  )

  /** Shared by concurrent requests, because the route needs no key. */
  const check = shareCall(async () => {
    const missing = await dependencies().readiness.missing()
    if (missing.length > 0) throw new Problem('unavailable', `Not ready: ${missing.join(', ')}.`)
    return { live: true as const, ready: true as const }
  })
  app.get(
    '/health/ready',
    {
      config: { scope: 'public' },
      schema: {
        tags,
        operationId: 'checkInferenceReadiness',
        summary: 'Check that the inference server can infer',
        response: { 200: inferenceReadinessSchema, ...failures },
      },
    },
    check,
  )

  for (const { path, params, of, kind } of [
    { path: '/models/:name', params: byName, of: 'a model', kind: 'Model' },
    {
      path: '/models/:name/versions/:version',
      params: byVersion,
      of: 'a version of a model',
      kind: 'Version',
    },
  ]) {
    app.get(
      path,
      {
        config: { scope: 'models:predict', prefetch },
        onRequest,
        schema: {
          tags,
          operationId: `get${kind}Metadata`,
          summary: `Get the inputs and outputs of ${of}`,
          params,
          response: { 200: modelMetadataSchema, ...failures },
        },
      },
      (request) => modelMetadata(requireModel(request), readPath(request.params).name, request.modelVersion),
    )

    app.get(
      `${path}/ready`,
      {
        config: { scope: 'models:predict', prefetch },
        onRequest,
        schema: {
          tags,
          operationId: `check${kind}Readiness`,
          summary: `Check that ${of} is ready`,
          params,
          response: { 200: modelReadinessSchema, ...failures },
        },
      },
      (request) => {
        requireModel(request)
        return { name: readPath(request.params).name, ready: true as const }
      },
    )

    app.post(
      `${path}/infer`,
      {
        config: { scope: 'models:predict', prefetch },
        onRequest,
        schema: {
          tags,
          operationId: `inferWith${kind}`,
          summary: `Infer with ${of}`,
          description:
            'All inputs and outputs of a request have the same rows. If any row is invalid, the request fails. With the ' +
            'header `inference-header-content-length`, the binary data of tensors follows the JSON of that length.',
          params,
          body: inferenceRequestSchema,
          response: {
            200: {
              description: 'the outputs',
              content: {
                'application/json': { schema: inferenceResponseSchema },
                'application/octet-stream': { schema: octets },
              },
            },
            ...failures,
          },
        },
      },
      async (request, reply) => {
        const { name, version } = readPath(request.params)
        const inference = {
          tenantId: requirePrincipal(request).tenantId,
          model: request.model,
          predictors: predictorsOf(request, dependencies()),
        }
        const { body, binaryData } = request
        const outputs = await infer(inference, modelReference(name, version), body, binaryData)
        sendModelVersion(request, reply)
        return sendInference(reply, { name, version: request.modelVersion, id: body.id, outputs })
      },
    )
  }

  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) =>
    sendInferenceError(
      reply,
      new Problem('not-found', `There is no endpoint ${request.method} ${request.url}.`),
    ),
  )

  done()
}

const pathSchema = z.object({ name: z.string(), version: z.string().optional() })

/** The parameters may not be validated yet. */
const readPath = (params: unknown) => pathSchema.parse(params)

function requireModel(request: FastifyRequest) {
  const { model } = request
  if (model !== null) return model
  const { name, version } = readPath(request.params)
  throw unknownModel(modelReference(name, version))
}
