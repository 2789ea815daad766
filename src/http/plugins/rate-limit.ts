/** Limits the requests of each tenant a minute. Headers: draft-ietf-httpapi-ratelimit-headers-11. */
import type { onRequestHookHandler } from 'fastify'
import { describeLimit, effectiveLimit } from '../../contract/limits.js'
import { Problem } from '../../contract/problems.js'
import type { Tenant } from '../../training/ports/tenants.js'
import { secondsUntil, TokenBuckets } from '../token-buckets.js'

export class RequestRate {
  readonly #buckets = new TokenBuckets()

  /** Returns the requests of the last minute. */
  used({ tenantId, limits }: Tenant): number {
    const perMinute = effectiveLimit(limits, 'requestsPerMinute')
    return Math.ceil(perMinute - this.#buckets.left(tenantId, perMinute))
  }

  /** Runs after the authentication. Requests of public routes do not count. */
  readonly onRequest: onRequestHookHandler = (request, reply, done) => {
    const { principal } = request
    if (principal === null) return done()
    const { tenantId, limits } = principal
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
    const limit = describeLimit(limits, 'requestsPerMinute')
    const detail = `Too many requests within a minute; ${limit}. Retry in ${seconds} s.`
    done(new Problem('rate-limited', detail))
  }
}
