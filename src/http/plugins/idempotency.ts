/** Idempotency-Key: a repeated request returns the first response and creates nothing. */
import type { FastifyReply, FastifyRequest, preValidationHookHandler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { z } from 'zod'
import { fingerprintBody } from '../../bodies/fingerprint-body.js'
import { isSameRequest } from '../../contract/fingerprint.js'
import { keyInFlight, keyReused } from '../../contract/problems.js'
import type { IdempotencyStore, Once } from '../../training/ports/idempotency.js'
import { requirePrincipal } from '../principal.js'

/** For the schema of a route. Other headers are not validated. */
export const idempotencyHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .optional()
    .describe(
      'unique text that the client chooses for this request. A request with the same key and body within 24 hours ' +
        'returns the first response, with the header `idempotency-replayed`',
    ),
})

/** Keeps the received bodies of requests with a key, because validation replaces them. */
export const keepRequestBodies = fastifyPlugin((app, _options, done) => {
  app.decorateRequest('receivedBody', undefined)
  app.decorateRequest('bodyFingerprint', null)
  const keep: preValidationHookHandler = (request, _reply, next) => {
    if (request.headers['idempotency-key'] !== undefined) request.receivedBody = request.body
    next()
  }
  app.addHook('onRoute', (route) => {
    if (route.schema?.body === undefined) return
    route.preValidation = [keep, route.preValidation ?? []].flat()
  })
  done()
})

/** The prefix of the fingerprint of a request: its method, route and path parameters; null without a key. */
export function fingerprintPrefix({ headers, method, routeOptions, params }: FastifyRequest): string | null {
  if (headers['idempotency-key'] === undefined) return null
  const route = `${method} ${routeOptions.url}`
  const values = JSON.stringify(params)
  // Routes without parameters keep the fingerprints of earlier releases.
  return values === '{}' ? route : `${route} ${values}`
}

function requestFingerprint(request: FastifyRequest): string {
  const { body, receivedBody, bodyFingerprint } = request
  return bodyFingerprint ?? fingerprintBody(fingerprintPrefix(request) ?? '', receivedBody, body)
}

/** A stored response is not validated: one of an earlier release may lack new fields. */
function isResponse<T extends object>(response: unknown): response is T {
  return typeof response === 'object' && response !== null
}

export class Idempotency {
  /** Fingerprints of the requests in progress, so that their repetitions need no query. */
  private readonly inFlight = new Map<string, string>()

  constructor(private readonly store: Pick<IdempotencyStore, 'find'>) {}

  /** Returns the first response for the key, or creates it. Errors are not stored, so a corrected request may reuse the key. */
  async answerOnce<T extends object>(
    request: FastifyRequest,
    reply: FastifyReply,
    create: (once: Once | undefined) => Promise<T>,
  ): Promise<T> {
    const key = request.headers['idempotency-key']
    if (typeof key !== 'string') return create(undefined)
    const { tenantId } = requirePrincipal(request)
    const once = { tenantId, key, fingerprint: requestFingerprint(request) }
    const name = JSON.stringify([tenantId, key])
    const other = this.inFlight.get(name)
    if (other !== undefined) throw isSameRequest(other, once.fingerprint) ? keyInFlight() : keyReused()
    this.inFlight.set(name, once.fingerprint)
    try {
      const answer = await this.store.find(once)
      if (answer === null) return await create(once)
      if (!isResponse<T>(answer)) throw new Error('a stored response is not an object')
      reply.header('idempotency-replayed', 'true')
      return answer
    } finally {
      this.inFlight.delete(name)
    }
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The parsed body before validation, of a request with an Idempotency-Key. */
    receivedBody: unknown
    /** The fingerprint of a body that a thread parsed; null for others. */
    bodyFingerprint: string | null
  }
}
