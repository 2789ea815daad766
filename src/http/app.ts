/** The HTTP application: every route by name, nothing that listens. */

import accepts from '@fastify/accepts'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import websocket from '@fastify/websocket'
import fastify, { type FastifyBaseLogger } from 'fastify'
import { jsonSchemaTransform, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { Problem } from '../contract/problems.js'
import type { RequestThread } from '../training/ports/request-thread.js'
import { asyncApiDocument } from './asyncapi.js'
import type { FailedAuthentications } from './failed-authentications.js'
import { parseJsonBodies } from './json-body.js'
import type { KeyWatch } from './key-watch.js'
import type { BodyThread } from './large-bodies.js'
import type { OpenSockets } from './open-sockets.js'
import { type Authentication, authenticate, makePublic } from './plugins/authentication.js'
import { keepSentBodies } from './plugins/idempotency.js'
import { type Origins, refuseForeignOrigins } from './plugins/origins.js'
import { RequestRate } from './plugins/rate-limit.js'
import { RequestLog } from './plugins/request-log.js'
import { documentationPolicy, sendSecurityHeaders } from './plugins/security-headers.js'
import { childLogger, requestIdOf, tellTrace } from './plugins/tracing.js'
import { takeTurns } from './plugins/turns.js'
import {
  answerBrokenHandshake,
  brokenRequestAnswerer,
  type DatabaseTrouble,
  errorHandler,
  sendProblem,
} from './problem-answers.js'
import { type DatasetRowRoutes, datasetRowRoutes } from './routes/dataset-rows.js'
import { type DatasetRoutes, datasetRoutes } from './routes/datasets.js'
import { type EpochRoutes, epochRoutes } from './routes/epochs.js'
import { type EvaluateRoutes, evaluateRoutes } from './routes/evaluate.js'
import { jobBatchRoutes } from './routes/job-batch.js'
import { type JobDeletionRoutes, jobDeletionRoutes } from './routes/job-deletions.js'
import { type JobStreamRoutes, jobStreamRoutes } from './routes/job-streams.js'
import { type JobRoutes, jobRoutes } from './routes/jobs.js'
import { type LimitRoutes, limitRoutes } from './routes/limits.js'
import { type ModelRoutes, modelRoutes } from './routes/models.js'
import { type OperationRoutes, operationRoutes } from './routes/operations.js'
import { pageRoutes } from './routes/page.js'
import { type PredictionRoutes, predictionRoutes } from './routes/predictions.js'
import { problemRoutes } from './routes/problems.js'
import { type StreamRoutes, streamRoutes } from './routes/stream.js'
import { type StreamTicketRoutes, streamTicketRoutes } from './routes/stream-tickets.js'
import { type UploadRoutes, uploadRoutes } from './routes/uploads.js'
import { type WebhookRoutes, webhookRoutes } from './routes/webhooks.js'
import { serializerCompiler } from './serialization.js'
import { chooseProtocol } from './stream-socket.js'
import { validatorCompiler } from './validation.js'
import { withWebhooks } from './webhook-descriptions.js'

export interface AppDependencies
  extends JobRoutes,
    EpochRoutes,
    StreamRoutes,
    JobStreamRoutes,
    JobDeletionRoutes,
    ModelRoutes,
    WebhookRoutes,
    OperationRoutes,
    Origins {
  keys: Authentication['keys']
  failedAuthentications: FailedAuthentications
  /** Of tenants that have none of their own. */
  settings: Authentication['settings']
  tenants: LimitRoutes['tenants']
  openSockets: OpenSockets
  tickets: Authentication['tickets'] & StreamTicketRoutes['tickets']
  keyWatch: KeyWatch
  live: StreamRoutes['live']
  /** Computes what would hold up the event loop. */
  thread: RequestThread & BodyThread
  /** Asked about by several routes. */
  datasets: DatasetRoutes['datasets']
  uploadReader: UploadRoutes['uploadReader']
  models: ModelRoutes['models'] & PredictionRoutes['models']
  predictors: PredictionRoutes['predictors'] & EvaluateRoutes['predictors'] & DatasetRowRoutes['predictors']
  pictures: PredictionRoutes['pictures']
  limits: { bodyBytes: number; uploadSeconds: number }
  /** Where the built page lies; null serves none. */
  pageDirectory: string | null
  databaseTrouble: DatabaseTrouble
  logger: FastifyBaseLogger
}

/** Describes a route whose body may be of several content types, which the package's transform does not know. */
const withContentTypes: typeof jsonSchemaTransform = (route) => {
  const { body, ...rest } = route.schema
  if (!isByContentType(body)) return jsonSchemaTransform(route)
  const documented = jsonSchemaTransform({ ...route, schema: rest })
  const content = Object.entries(body.content).map(([type, { schema }]) => {
    return [type, { schema: z.toJSONSchema(schema, { io: 'input' }) }] as const
  })
  return { ...documented, schema: { ...documented.schema, body: { content: Object.fromEntries(content) } } }
}

function isByContentType(body: unknown): body is { content: Record<string, { schema: z.ZodType }> } {
  return typeof body === 'object' && body !== null && !(body instanceof z.ZodType) && 'content' in body
}

/** Says what scope a route needs. */
const withScope: typeof jsonSchemaTransform = (route) => {
  const documented = withContentTypes(route)
  const { scope } = route.route.config ?? {}
  const needs = scope === 'any' ? 'Needs a key with any scope.' : `Needs the scope \`${scope}\`.`
  const access =
    scope === 'public'
      ? { security: [] }
      : { description: [documented.schema.description, needs].filter(Boolean).join(' ') }
  return { ...documented, schema: { ...documented.schema, ...access } }
}

/** The build renders them beside the page (scripts/documents.mjs). */
const documents = [
  '[Data](/documents/docs/data.html)',
  '[Networks](/documents/docs/networks.html)',
  '[API](/documents/docs/api.html)',
  '[Teaching](/documents/docs/teaching.html)',
  '[Operating](/documents/docs/operating.html)',
  '[Security](/documents/SECURITY.html)',
  '[Glossary](/documents/docs/glossary.html)',
].join(' · ')

/** Of the contract; the same as the package's. */
export const apiVersion = '0.1.0'

/** No message from a client is larger than this; the stream of one job expects none at all. */
const maximumMessageBytes = 16 * 1024

export async function buildApp(dependencies: AppDependencies) {
  const { logger, limits } = dependencies
  const requestSeconds = limits.uploadSeconds + 10
  const handleError = errorHandler(dependencies.databaseTrouble)
  const app = fastify({
    loggerInstance: logger,
    bodyLimit: limits.bodyBytes,
    // What takes longer than an upload may is cut off; uploads see to their own time before.
    requestTimeout: requestSeconds * 1_000,
    http: {
      connectionsCheckingInterval: 5_000,
      // Node takes the smaller of the two times for that of the headers.
      headersTimeout: Math.min(60, requestSeconds) * 1_000,
      // What has no host is refused below, in the form of all refusals.
      requireHostHeader: false,
    },
    forceCloseConnections: true,
    logController: new RequestLog(logger),
    genReqId: requestIdOf,
    childLoggerFactory: childLogger,
    frameworkErrors: handleError,
    clientErrorHandler: brokenRequestAnswerer(requestSeconds),
  }).withTypeProvider<ZodTypeProvider>()

  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(handleError)
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, new Problem('not-found', `There is no endpoint ${request.method} ${request.url}.`)),
  )
  app.addHook('onRequest', (request, _reply, done) => {
    const isNameless = request.raw.httpVersion === '1.1' && request.headers.host === undefined
    done(isNameless ? new Problem('invalid-request', 'The host header is missing.') : undefined)
  })
  parseJsonBodies(app, dependencies.thread)
  tellTrace(app)
  keepSentBodies(app)
  dependencies.metrics.countRequests(app)
  sendSecurityHeaders(app)
  await app.register(accepts)
  // Before whatever may refuse a request: it destroys the sockets of upgrades that were refused.
  await app.register(websocket, {
    options: { maxPayload: maximumMessageBytes, handleProtocols: chooseProtocol },
    errorHandler: (error, socket, request) => {
      // A broken frame or connection is the client's doing; the library has closed the socket with the code for it.
      const isOfClient = 'code' in error && /^(WS_ERR_|E[A-Z]+$)/.test(String(error.code))
      if (isOfClient) return request.log.info({ err: error }, 'the socket broke')
      request.log.error(error)
      socket.terminate()
    },
  })
  app.websocketServer.on('wsClientError', answerBrokenHandshake)
  refuseForeignOrigins(app, dependencies)
  authenticate(app, dependencies)
  const requestRate = new RequestRate()
  requestRate.limit(app)
  takeTurns(app)

  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Descent',
        version: apiVersion,
        description: `Training as a service: start trainings, watch the loss of every epoch, query the models.\n\n${documents}`,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'Not needed while the service is open.' },
        },
      },
      security: [{ key: [] }],
      tags: [
        { name: 'jobs', description: 'Start and watch trainings' },
        { name: 'models', description: 'Query trained networks' },
        { name: 'datasets', description: 'Upload and read training data' },
        { name: 'webhooks', description: 'Receive an event when a job finishes' },
        { name: 'operations', description: 'Health, metrics, limits and problem codes' },
      ],
    },
    transform: withScope,
  })
  await app.register(async (documentation) => {
    makePublic(documentation)
    await documentation.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: documentationPolicy,
      transformSpecification: withWebhooks,
      uiConfig: { layout: 'BaseLayout', deepLinking: true, tryItOutEnabled: true },
    })
  })
  let openApi: object | undefined
  const describeApi = () => {
    openApi ??= withWebhooks(app.swagger())
    return openApi
  }
  app.get('/openapi.json', { config: { scope: 'public' }, schema: { hide: true } }, async () => describeApi())
  app.addHook('onListen', (done) => {
    // It takes a tenth of a second, for which whoever asks later should not hold up the others.
    setImmediate(describeApi)
    done()
  })
  let asyncApi: object | undefined
  app.get('/asyncapi.json', { config: { scope: 'public' }, schema: { hide: true } }, async () => {
    asyncApi ??= asyncApiDocument(apiVersion)
    return asyncApi
  })

  await app.register(operationRoutes, dependencies)
  await app.register(limitRoutes, { ...dependencies, requestRate })
  await app.register(problemRoutes)
  await app.register(jobRoutes, dependencies)
  await app.register(jobBatchRoutes, dependencies)
  await app.register(jobDeletionRoutes, dependencies)
  await app.register(epochRoutes, dependencies)
  await app.register(streamRoutes, dependencies)
  await app.register(jobStreamRoutes, dependencies)
  await app.register(streamTicketRoutes, dependencies)
  await app.register(modelRoutes, dependencies)
  await app.register(predictionRoutes, dependencies)
  await app.register(evaluateRoutes, dependencies)
  await app.register(webhookRoutes, dependencies)
  await app.register(datasetRowRoutes, dependencies)
  await app.register(datasetRoutes, dependencies)
  await app.register(uploadRoutes, dependencies)
  if (dependencies.pageDirectory !== null) {
    await app.register(pageRoutes, { directory: dependencies.pageDirectory })
  }

  return app
}
