/**
 * Gives every request an id (X-Request-Id) and a trace (W3C Trace Context). Uses those of the request headers if they
 * are well-formed, and sends both with the response. Log lines contain both.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { randomHex } from '../random-hex.js'
import { RequestLogger } from '../request-logger.js'

interface Trace {
  /** 32 hexadecimal digits, the same in every service that handles the request. */
  traceId: string
  /** The traceparent of the response, with the span id of this service. */
  traceparent: string
}

/** Version, trace id, parent id, flags (Trace Context, section 3.2); ids of only zeros are invalid. */
const traceparentPattern =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:$|-)/

const requestIdPattern = /^[\w.:@/+=-]{1,128}$/

/** On the message of Node, because the logger of a request exists before Fastify's request. */
const traceProperty = Symbol('trace')

declare module 'node:http' {
  interface IncomingMessage {
    [traceProperty]?: Trace
  }
}

function parseTraceparent(header: string | string[] | undefined): Trace {
  const match = typeof header === 'string' ? traceparentPattern.exec(header) : null
  const traceId = match?.[1] ?? randomHex(32)
  return { traceId, traceparent: `00-${traceId}-${randomHex(16)}-${match?.[2] ?? '00'}` }
}

function messageTrace(message: IncomingMessage): Trace {
  message[traceProperty] ??= parseTraceparent(message.headers.traceparent)
  return message[traceProperty]
}

export function requestTrace(request: FastifyRequest): Trace {
  return messageTrace(request.raw)
}

/** Returns the client's request id, otherwise the trace id. */
export function readRequestId(message: IncomingMessage): string {
  const id = message.headers['x-request-id']
  return typeof id === 'string' && requestIdPattern.test(id) ? id : messageTrace(message).traceId
}

/** Creates the logger of one request. */
export function childLogger(
  logger: FastifyBaseLogger,
  bindings: Record<string, unknown>,
  _options: object,
  message: IncomingMessage,
): FastifyBaseLogger {
  return new RequestLogger(logger, bindings, messageTrace(message).traceId)
}

export const tracing = fastifyPlugin((app, _options, done) => {
  app.addHook('onRequest', (request, reply, next) => {
    reply.header('x-request-id', request.id).header('traceparent', requestTrace(request).traceparent)
    next()
  })
  done()
})
