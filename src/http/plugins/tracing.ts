/**
 * Every request has an id (X-Request-Id) and belongs to a trace (W3C Trace Context): taken from its headers where they
 * are well-formed, made otherwise, and always told in the answer. Log lines carry both.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { randomHex } from '../random-hex.js'
import { RequestLogger } from '../request-logger.js'

export interface Trace {
  /** 32 hexadecimal digits: the same in every service that a request passes through. */
  traceId: string
  /** For the caller: the trace, this service's own part of it, and whether it is recorded. */
  traceparent: string
}

/** Version, trace id, parent id, flags (Trace Context, section 3.2); ids of zeros alone are no ids. */
const traceparentPattern =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:$|-)/

const sanePattern = /^[\w.:@/+=-]{1,128}$/

const traceOfMessage = Symbol('trace')

declare module 'node:http' {
  interface IncomingMessage {
    [traceOfMessage]?: Trace
  }
}

function readTrace(header: string | string[] | undefined): Trace {
  const found = typeof header === 'string' ? traceparentPattern.exec(header) : null
  const traceId = found?.[1] ?? randomHex(32)
  return { traceId, traceparent: `00-${traceId}-${randomHex(16)}-${found?.[2] ?? '00'}` }
}

function traceIn(message: IncomingMessage): Trace {
  message[traceOfMessage] ??= readTrace(message.headers.traceparent)
  return message[traceOfMessage]
}

export function traceOf(request: FastifyRequest): Trace {
  return traceIn(request.raw)
}

/** The client's id of the request, or else the id of its trace, so that one id is enough to find everything. */
export function requestIdOf(message: IncomingMessage): string {
  const given = message.headers['x-request-id']
  return typeof given === 'string' && sanePattern.test(given) ? given : traceIn(message).traceId
}

/** The logger of one request. */
export function childLogger(
  logger: FastifyBaseLogger,
  bindings: Record<string, unknown>,
  _options: object,
  message: IncomingMessage,
): FastifyBaseLogger {
  return new RequestLogger(logger, Object.assign(bindings, { traceId: traceIn(message).traceId }))
}

export function tellTrace(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id).header('traceparent', traceOf(request).traceparent)
    done()
  })
}
