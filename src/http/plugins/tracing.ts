/**
 * Gives every request an id (X-Request-Id) and a trace (W3C Trace Context). Uses those of the request headers if they
 * are well-formed, and sends both with the response. Log lines contain both. With tracing, each request is a span.
 */
import type { IncomingMessage } from 'node:http'
import { type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { randomHex } from '../../base/random-hex.js'
import { formatTraceparent, parseTraceparent } from '../../tracing/trace-context.js'
import type { Tracing } from '../../tracing/tracing.js'
import { RequestLogger } from '../request-logger.js'
import { requestSubject } from '../request-subject.js'
import { requestTraceId, setSpan } from '../request-trace.js'
import { onceClosed } from '../response-close.js'

export interface TracingDependencies {
  /** Null exports no spans. */
  tracing: Tracing | null
}

/** Creates the logger of one request. */
export function childLogger(
  logger: FastifyBaseLogger,
  bindings: Record<string, unknown>,
  _options: object,
  message: IncomingMessage,
): FastifyBaseLogger {
  return new RequestLogger(logger, bindings, message)
}

export const traceRequests = fastifyPlugin<TracingDependencies>((app, { tracing }, done) => {
  app.decorateRequest('span', null)
  app.addHook('onRequest', (request, reply, next) => {
    const context = tracing === null ? unrecorded(request) : startSpan(tracing, request, reply).spanContext()
    reply.header('x-request-id', request.id).header('traceparent', formatTraceparent(context))
    next()
  })
  done()
})

/** Keeps the flags of the client, because its span may be recorded. */
const unrecorded = (request: FastifyRequest) => ({
  traceId: requestTraceId(request),
  spanId: randomHex(16),
  traceFlags: parseTraceparent(request.headers.traceparent)?.traceFlags ?? 0,
})

function startSpan(tracing: Tracing, request: FastifyRequest, reply: FastifyReply): Span {
  const { method, headers, routeOptions, protocol, url } = request
  const route = routeOptions.url
  const parent = parseTraceparent(headers.traceparent) ?? { traceId: requestTraceId(request) }
  const name = route === undefined ? method : `${method} ${route}`
  const span = tracing.start(name, parent, { kind: SpanKind.SERVER })
  setSpan(request, span)
  if (span.isRecording()) {
    span.setAttributes({
      'http.request.method': method,
      'url.scheme': protocol,
      'url.path': url.split('?', 1)[0],
      ...(route !== undefined && { 'http.route': route }),
    })
    endWithResponse(span, request, reply)
  }
  return span
}

/** The span of a stream ends when the stream closes. */
function endWithResponse(span: Span, request: FastifyRequest, reply: FastifyReply): void {
  let isEnded = false
  const end = () => {
    if (isEnded) return
    isEnded = true
    // A response that was not begun belongs to a WebSocket.
    const status = request.ws && !reply.raw.headersSent ? 101 : reply.raw.statusCode
    const subject = requestSubject(request, reply)
    const { principal } = request
    span.setAttribute('http.response.status_code', status)
    if (principal !== null) span.setAttribute('descent.tenant.id', principal.tenantId)
    if ('jobId' in subject && subject.jobId !== undefined) span.setAttribute('descent.job.id', subject.jobId)
    if (status >= 500) {
      span.setAttribute('error.type', String(status)).setStatus({ code: SpanStatusCode.ERROR })
    }
    span.end()
  }
  reply.raw.once('finish', end)
  onceClosed(reply, end)
}
