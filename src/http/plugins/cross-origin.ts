/** CORS for the pages of ALLOWED_ORIGINS, on preflights, answers and errors. Pages of other origins get no header. */
import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance, FastifyReply } from 'fastify'

/** Pages send keys in a header, so no cookies or other credentials are allowed. */
const options: FastifyCorsOptions = {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: [
    'accept',
    'authorization',
    'content-type',
    'idempotency-key',
    'if-match',
    'if-none-match',
    'inference-header-content-length',
    'last-event-id',
    'traceparent',
    'x-request-id',
  ],
  exposedHeaders: [
    'content-disposition',
    'etag',
    'idempotency-replayed',
    'inference-header-content-length',
    'location',
    'model-id',
    'model-version',
    'ratelimit',
    'ratelimit-policy',
    'retry-after',
    'traceparent',
    'www-authenticate',
    'x-request-id',
  ],
  credentials: false,
  /** Seconds for which a browser remembers a preflight. */
  maxAge: 600,
}

/** Must be registered before the plugins that refuse requests, so that their errors have the headers. */
export async function allowOrigins(app: FastifyInstance, allowedOrigins: readonly string[]): Promise<void> {
  if (allowedOrigins.length === 0) return
  const ofOrigin = new Map(allowedOrigins.map((origin) => [origin, { ...options, origin }]))
  await app.register(cors, {
    delegator: ({ headers: { origin } }, callback) =>
      callback(null, ofOrigin.get(origin ?? '') ?? { origin: false }),
  })
}

/** Adds a field to `vary`, which may already have `origin`. */
export function addVary(reply: FastifyReply, field: string): void {
  const current = reply.getHeader('vary')
  reply.header('vary', current === undefined ? field : `${current}, ${field}`)
}
