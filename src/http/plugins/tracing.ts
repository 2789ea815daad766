/**
 * Gives every request an id (X-Request-Id) and a trace (W3C Trace Context). Uses those of the request headers if they
 * are well-formed, and sends both with the response. Log lines contain both.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { randomHex } from '../random-hex.js'
import { RequestLogger } from '../request-logger.js'

/** Version, trace id, parent id, flags (Trace Context, section 3.2); ids of only zeros are invalid. */
const traceparentPattern =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:$|-)/

const requestIdPattern = /^[\w.:@/+=-]{1,128}$/

/** On the message of Node, because the logger of a request exists before Fastify's request. */
const traceProperty = Symbol('trace')

declare module 'node:http' {
  interface IncomingMessage {
    /** The trace id of a message with a request id of the client. Otherwise both ids are the same. */
    [traceProperty]?: string
  }
}

interface Trace {
  /** 32 hexadecimal digits, the same in every service that handles the request. */
  traceId: string
  flags: string
}

function parseTraceparent(header: string | string[] | undefined): Trace | null {
  const match = typeof header === 'string' ? traceparentPattern.exec(header) : null
  return match === null ? null : { traceId: match[1], flags: match[2] }
}

const createTraceId = ({ headers }: IncomingMessage) =>
  parseTraceparent(headers.traceparent)?.traceId ?? randomHex(32)

export function requestTraceId({ raw, id }: Pick<FastifyRequest, 'raw' | 'id'>): string {
  return raw[traceProperty] ?? id
}

/** Returns the client's request id, otherwise the trace id. */
export function readRequestId(message: IncomingMessage): string {
  const id = message.headers['x-request-id']
  if (typeof id !== 'string' || !requestIdPattern.test(id)) return createTraceId(message)
  message[traceProperty] = createTraceId(message)
  return id
}

/** Creates the logger of one request. */
export function childLogger(
  logger: FastifyBaseLogger,
  bindings: Record<string, unknown>,
  _options: object,
  message: IncomingMessage,
): FastifyBaseLogger {
  return new RequestLogger(logger, bindings, message[traceProperty])
}

export const tracing = fastifyPlugin((app, _options, done) => {
  app.addHook('onRequest', (request, reply, next) => {
    const flags = parseTraceparent(request.headers.traceparent)?.flags ?? '00'
    reply
      .header('x-request-id', request.id)
      .header('traceparent', `00-${requestTraceId(request)}-${randomHex(16)}-${flags}`)
    next()
  })
  done()
})
