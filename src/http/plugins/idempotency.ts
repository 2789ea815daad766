/** Idempotency-Key: a request that creates something may be sent again without creating it again. */
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest, preValidationHookHandler } from 'fastify'
import { z } from 'zod'
import { fingerprint, isSameRequest } from '../../contract/fingerprint.js'
import { keyInFlight, keyReused } from '../../contract/problems.js'
import type { IdempotencyStore, Once } from '../../training/ports/idempotency.js'
import { callerOf } from '../caller.js'

/** For the schema of a route; other headers stay as they are. */
export const idempotencyHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .optional()
    .describe(
      'made up by the client for this request: sent again with the same key and body within 24 hours, it brings the first ' +
        'answer, marked by the header `idempotency-replayed`',
    ),
})

/** Keeps the bodies of requests under a key as they were sent, which validation replaces. */
export function keepSentBodies(app: FastifyInstance): void {
  app.decorateRequest('sentBody', undefined)
  const keep: preValidationHookHandler = (request, _reply, done) => {
    if (request.headers['idempotency-key'] !== undefined) request.sentBody = request.body
    done()
  }
  app.addHook('onRoute', (route) => {
    if (route.schema?.body === undefined) return
    route.preValidation = [keep, route.preValidation ?? []].flat()
  })
}

/** Of large bodies, which a thread has read. */
const fingerprints = new WeakMap<object, string>()

export function rememberFingerprint(body: object, fingerprint: string): void {
  fingerprints.set(body, fingerprint)
}

/** What the fingerprint of a request begins with; null of one without a key. */
export function fingerprintPrefix({ headers, method, routeOptions }: FastifyRequest): string | null {
  return headers['idempotency-key'] === undefined ? null : `${method} ${routeOptions.url}`
}

function fingerprintOf(request: FastifyRequest): string {
  const { body, sentBody } = request
  const known = typeof body === 'object' && body !== null ? fingerprints.get(body) : undefined
  return known ?? fingerprintOfBody(fingerprintPrefix(request) ?? '', sentBody, body)
}

/** Of a body as it was sent and as it was validated; spacing and the order of fields make no other request of it. */
export function fingerprintOfBody(prefix: string, sent: unknown, validated: unknown): string {
  const hashOf = (content: string) => createHash('sha256').update(`${prefix}\n${content}`).digest('hex')
  return fingerprint(hashOf(JSON.stringify(sent, inOrder)), hashOf(JSON.stringify(validated)))
}

function inOrder(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** The answer stays as it is, down to the order of its fields; what an earlier release gave lacks fields that came later. */
function isAnswer<T extends object>(answer: unknown): answer is T {
  return typeof answer === 'object' && answer !== null
}

export class Idempotency {
  /** Fingerprints of the requests that this process is answering; their repetitions need not trouble the database. */
  private readonly inFlight = new Map<string, string>()

  constructor(private readonly store: Pick<IdempotencyStore, 'find'>) {}

  /** The first answer under the request's key, or else a new one. Refusals are not kept: what was corrected may use the key again. */
  async answerOnce<T extends object>(
    request: FastifyRequest,
    reply: FastifyReply,
    create: (once: Once | undefined) => Promise<T>,
  ): Promise<T> {
    const key = request.headers['idempotency-key']
    if (typeof key !== 'string') return create(undefined)
    const { tenantId } = callerOf(request)
    const once = { tenantId, key, fingerprint: fingerprintOf(request) }
    const name = JSON.stringify([tenantId, key])
    const other = this.inFlight.get(name)
    if (other !== undefined) throw isSameRequest(other, once.fingerprint) ? keyInFlight() : keyReused()
    this.inFlight.set(name, once.fingerprint)
    try {
      const answer = await this.store.find(once)
      if (answer === null) return await create(once)
      if (!isAnswer<T>(answer)) throw new Error('a stored answer is no object')
      reply.header('idempotency-replayed', 'true')
      return answer
    } finally {
      this.inFlight.delete(name)
    }
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The parsed body of a request with an Idempotency-Key, before it was validated. */
    sentBody: unknown
  }
}
