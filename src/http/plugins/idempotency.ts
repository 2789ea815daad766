/** Idempotency-Key: a request that creates something may be sent again without creating it again. */
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { keyInFlight, keyReused } from '../../contract/problems.js'
import type { IdempotencyStore, Once } from '../../training/ports.js'
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

/** Of large bodies, which a thread has read. */
const fingerprints = new WeakMap<object, string>()

export function rememberFingerprint(body: object, fingerprint: string): void {
  fingerprints.set(body, fingerprint)
}

/** What the fingerprint of a request begins with; null of one without a key. */
export function fingerprintPrefix({ headers, method, routeOptions }: FastifyRequest): string | null {
  return headers['idempotency-key'] === undefined ? null : `${method} ${routeOptions.url}`
}

/** The body as validated: spacing, the order of fields and defaults left out make no other request of it. */
function fingerprintOf(request: FastifyRequest): string {
  const { body } = request
  const known = typeof body === 'object' && body !== null ? fingerprints.get(body) : undefined
  return known ?? fingerprintOfBody(fingerprintPrefix(request) ?? '', body)
}

export function fingerprintOfBody(prefix: string, body: unknown): string {
  return createHash('sha256')
    .update(`${prefix}\n${JSON.stringify(body)}`)
    .digest('hex')
}

/** The answer stays as it is, down to the order of its fields. */
function fits<T>(schema: z.ZodType<T>, answer: unknown): answer is T {
  return schema.safeParse(answer).success
}

export class Idempotency {
  /** Fingerprints of the requests that this process is answering; their repetitions need not trouble the database. */
  private readonly inFlight = new Map<string, string>()

  constructor(private readonly store: Pick<IdempotencyStore, 'find'>) {}

  /** The first answer under the request's key, or else a new one. Refusals are not kept: what was corrected may use the key again. */
  async answerOnce<T>(
    schema: z.ZodType<T>,
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
    if (other !== undefined) throw other === once.fingerprint ? keyInFlight() : keyReused()
    this.inFlight.set(name, once.fingerprint)
    try {
      const answer = await this.store.find(once)
      if (answer === null) return await create(once)
      if (!fits(schema, answer)) throw new Error('a stored answer does not fit its schema')
      reply.header('idempotency-replayed', 'true')
      return answer
    } finally {
      this.inFlight.delete(name)
    }
  }
}
