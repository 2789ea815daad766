/**
 * Requests a tenant may send a minute. Headers after draft-ietf-httpapi-ratelimit-headers-11: what is allowed, what is
 * left, and seconds until all of it is back.
 */
import type { FastifyInstance } from 'fastify'
import { describeLimit, effectiveLimit } from '../../contract/limits.js'
import { Problem } from '../../contract/problems.js'
import type { Tenant } from '../../training/ports/tenants.js'
import { Buckets, secondsUntil } from '../buckets.js'

export class RequestRate {
  readonly #buckets = new Buckets()

  /** Of the last minute. */
  used({ tenantId, limits }: Tenant): number {
    const perMinute = effectiveLimit(limits, 'requestsPerMinute')
    return Math.ceil(perMinute - this.#buckets.left(tenantId, perMinute))
  }

  /** Must be called behind the authentication, which says whose request it is; public routes are not counted. */
  limit(app: FastifyInstance): void {
    app.addHook('onRequest', (request, reply, done) => {
      const { caller } = request
      if (caller === null) return done()
      const { tenantId, limits } = caller
      const perMinute = effectiveLimit(limits, 'requestsPerMinute')
      const before = this.#buckets.left(tenantId, perMinute)
      const isAllowed = before >= 1
      const left = isAllowed ? this.#buckets.take(tenantId, perMinute) : before
      const untilFull = secondsUntil(perMinute, left, perMinute)
      reply.header('ratelimit-policy', `"requests";q=${perMinute};w=60`)
      reply.header('ratelimit', `"requests";r=${Math.floor(left)};t=${untilFull}`)
      if (isAllowed) return done()
      const seconds = secondsUntil(1, left, perMinute)
      reply.header('retry-after', seconds)
      const says = describeLimit(limits, 'requestsPerMinute')
      const detail = `Too many requests within a minute; ${says}. Retry in ${seconds} s.`
      done(new Problem('rate-limited', detail))
    })
  }
}
