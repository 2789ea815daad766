/**
 * Every request has an id (X-Request-Id) and belongs to a trace (W3C Trace Context): taken from its headers where they
 * are well-formed, made otherwise, and always told in the answer. Log lines carry both.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'

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

const traces = new WeakMap<IncomingMessage, Trace>()

function readTrace(header: string | string[] | undefined): Trace {
  const found = typeof header === 'string' ? traceparentPattern.exec(header) : null
  const traceId = found?.[1] ?? randomBytes(16).toString('hex')
  return { traceId, traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-${found?.[2] ?? '00'}` }
}

function traceOfMessage(message: IncomingMessage): Trace {
  const known = traces.get(message)
  if (known !== undefined) return known
  const trace = readTrace(message.headers.traceparent)
  traces.set(message, trace)
  return trace
}

export function traceOf(request: FastifyRequest): Trace {
  return traceOfMessage(request.raw)
}

/** The client's id of the request, or else the id of its trace, so that one id is enough to find everything. */
export function requestIdOf(message: IncomingMessage): string {
  const given = message.headers['x-request-id']
  return typeof given === 'string' && sanePattern.test(given) ? given : traceOfMessage(message).traceId
}

/** The logger of one request. */
export function childLogger(
  logger: FastifyBaseLogger,
  bindings: Record<string, unknown>,
  _options: object,
  message: IncomingMessage,
): FastifyBaseLogger {
  return logger.child({ ...bindings, traceId: traceOfMessage(message).traceId })
}

export function tellTrace(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id).header('traceparent', traceOf(request).traceparent)
    done()
  })
}
