/** The ids of a request: its request id, its trace, and its span. */
import type { IncomingMessage } from 'node:http'
import type { Span } from '@opentelemetry/api'
import type { FastifyRequest } from 'fastify'
import { randomHex } from '../base/random-hex.js'
import { isSampled, parseTraceparent } from '../tracing/trace-context.js'
import type { Origin } from '../training/ports/origin.js'

const requestIdPattern = /^[\w.:@/+=-]{1,128}$/

/** On the message of Node, because the logger of a request exists before Fastify's request. */
const traceProperty = Symbol('trace')
const spanProperty = Symbol('span')

declare module 'node:http' {
  interface IncomingMessage {
    /** The trace id of a message with a request id of the client. Otherwise both ids are the same. */
    [traceProperty]?: string
    [spanProperty]?: string
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null without tracing. */
    span: Span | null
  }
}

const createTraceId = ({ headers }: IncomingMessage) =>
  parseTraceparent(headers.traceparent)?.traceId ?? randomHex(32)

/** Returns the client's request id, otherwise the trace id. */
export function readRequestId(message: IncomingMessage): string {
  const id = message.headers['x-request-id']
  if (typeof id !== 'string' || !requestIdPattern.test(id)) return createTraceId(message)
  message[traceProperty] = createTraceId(message)
  return id
}

export function requestTraceId({ raw, id }: Pick<FastifyRequest, 'raw' | 'id'>): string {
  return raw[traceProperty] ?? id
}

/** The ids of log lines, besides the request id. */
export function logIds(message: IncomingMessage): { traceId?: string; spanId?: string } {
  const { [traceProperty]: traceId, [spanProperty]: spanId } = message
  return { ...(traceId !== undefined && { traceId }), ...(spanId !== undefined && { spanId }) }
}

export function setSpan(request: FastifyRequest, span: Span): void {
  request.span = span
  request.raw[spanProperty] = span.spanContext().spanId
}

/** What is stored with an object that the request creates. */
export function requestOrigin(request: FastifyRequest): Origin {
  const parent = request.span?.spanContext() ?? parseTraceparent(request.headers.traceparent)
  return {
    requestId: request.id,
    traceId: requestTraceId(request),
    spanId: parent?.spanId ?? null,
    isSampled: parent === null ? null : isSampled(parent),
  }
}
