/** The HTTP application: its plugins and routes. It does not listen. */
import accepts from '@fastify/accepts'
import websocket from '@fastify/websocket'
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { Problem } from '../contract/problems.js'
import type { FailedAuthentications } from './failed-authentications.js'
import { parseJsonBodies } from './json-body-parser.js'
import type { KeyMonitor } from './key-monitor.js'
import { describeRoutes, type OpenapiDocument, serveDocument } from './openapi.js'
import { type Authentication, authenticate } from './plugins/authentication.js'
import { limitBodyMemory } from './plugins/body-memory.js'
import { allowOrigins } from './plugins/cross-origin.js'
import { keepRequestBodies } from './plugins/idempotency.js'
import { lingeringClose } from './plugins/lingering-close.js'
import { type Origins, rejectForeignOrigins } from './plugins/origins.js'
import { RequestRate } from './plugins/rate-limit.js'
import { RequestLog } from './plugins/request-log.js'
import { sendSecurityHeaders } from './plugins/security-headers.js'
import { joinSmallChunks } from './plugins/small-chunks.js'
import { endStalledReaders } from './plugins/stalled-readers.js'
import { childLogger, type TracingDependencies, traceRequests } from './plugins/tracing.js'
import { takeTurns } from './plugins/turns.js'
import { limitUnreadAnswers } from './plugins/unread-answers.js'
import { clientErrorHandler, errorHandler, handleInvalidHandshake, sendProblem } from './problem-responses.js'
import { readRequestId } from './request-trace.js'
import { documentationRoutes } from './routes/documentation.js'
import { pageRoutes } from './routes/page.js'
import { type RouteDependencies, registerRoutes } from './routes.js'
import { selectSubprotocol } from './web-socket-connection.js'

export interface AppDependencies
  extends Omit<RouteDependencies, 'requestRate'>,
    Origins,
    TracingDependencies {
  keys: Authentication['keys'] & RouteDependencies['keys']
  failedAuthentications: FailedAuthentications
  /** The limits of tenants without own limits. */
  settings: Authentication['settings']
  tickets: Authentication['tickets'] & RouteDependencies['tickets']
  keyMonitor: KeyMonitor
  limits: { bodyBytes: number; uploadSeconds: number }
  /** The OpenAPI document of the build; null generates it at the first request. */
  openapi: OpenapiDocument | null
  /** The folder of the built page; null serves none. */
  pageDirectory: string | null
  logger: FastifyBaseLogger
}

/** As streams, whose silent readers are dropped at the second ping. */
const stallMilliseconds = 40_000

/** Of one tenant. */
const unreadBytes = 128 * 1024 * 1024

/** Messages of clients are short; the stream of one job expects none. */
const maximumMessageBytes = 16 * 1024

export async function buildApp(dependencies: AppDependencies) {
  const { logger, limits, keyMonitor, allowedOrigins } = dependencies
  const requestSeconds = limits.uploadSeconds + 10
  const handleError = errorHandler(dependencies.databaseTrouble)
  const app = fastify({
    loggerInstance: logger,
    bodyLimit: limits.bodyBytes,
    // Longer than the time limit of uploads, which ends them first.
    requestTimeout: requestSeconds * 1_000,
    http: {
      connectionsCheckingInterval: 5_000,
      // Node applies the smaller of both times to the headers.
      headersTimeout: Math.min(60, requestSeconds) * 1_000,
      // Requests without a host are refused by `requireHost`, as a problem.
      requireHostHeader: false,
    },
    forceCloseConnections: true,
    logController: new RequestLog(logger),
    genReqId: readRequestId,
    childLoggerFactory: childLogger,
    frameworkErrors: handleError,
    clientErrorHandler: clientErrorHandler(requestSeconds),
  }).withTypeProvider<ZodTypeProvider>()

  app.setErrorHandler(handleError)
  app.setNotFoundHandler((request, reply) => sendProblem(reply, unknownEndpoint(request)))
  await app.register(joinSmallChunks)
  requireHost(app)
  parseJsonBodies(app, () => dependencies.thread)
  await app.register(traceRequests, dependencies)
  await app.register(keepRequestBodies)
  await app.register(dependencies.metrics.countRequests)
  await app.register(sendSecurityHeaders)
  await app.register(lingeringClose)
  await app.register(endStalledReaders, { milliseconds: stallMilliseconds })
  await app.register(accepts)
  await allowOrigins(app, allowedOrigins)
  await acceptWebSockets(app)
  await app.register(rejectForeignOrigins, { allowedOrigins, keyMonitor })
  const requestRate = new RequestRate()
  await app.register(requestRate.plugin)
  await app.register(authenticate, dependencies)
  await app.register(limitBodyMemory, limits)
  await app.register(takeTurns)
  await app.register(limitUnreadAnswers, { bytes: unreadBytes })
  refuseUnknownEndpoints(app)

  const { openapi } = dependencies
  await (openapi === null ? app.register(describeRoutes) : app.register(serveDocument, { document: openapi }))
  await app.register(documentationRoutes)
  const routeDependencies = { ...dependencies, requestRate }
  await registerRoutes(app, () => routeDependencies)
  if (dependencies.pageDirectory !== null) {
    await app.register(pageRoutes, { directory: dependencies.pageDirectory })
  }
  return app
}

const unknownEndpoint = ({ method, url }: FastifyRequest) =>
  new Problem('not-found', `There is no endpoint ${method} ${url}.`)

/** Before their bodies are read, because anybody may send those. */
function refuseUnknownEndpoints(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) =>
    done(request.is404 ? unknownEndpoint(request) : undefined),
  )
}

function requireHost(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const isMissing = request.raw.httpVersion === '1.1' && request.headers.host === undefined
    done(
      isMissing
        ? new Problem('invalid-request', 'The host header is missing, which HTTP/1.1 requires.')
        : undefined,
    )
  })
}

/** Must run before the plugins that refuse requests: it destroys the sockets of refused upgrades. */
async function acceptWebSockets(app: FastifyInstance): Promise<void> {
  await app.register(websocket, {
    options: { maxPayload: maximumMessageBytes, handleProtocols: selectSubprotocol },
    errorHandler: (error, socket, request) => {
      // The library has closed the socket after a broken frame or connection.
      const isClientError = 'code' in error && /^(WS_ERR_|E[A-Z]+$)/.test(String(error.code))
      if (isClientError) return request.log.info({ err: error }, 'the client broke the WebSocket')
      request.log.error(error)
      socket.terminate()
    },
  })
  app.websocketServer.on('wsClientError', handleInvalidHandshake)
}
