/**
 * Requests a tenant may send a minute, as a bucket: it holds that many and fills evenly. Headers after
 * draft-ietf-httpapi-ratelimit-headers-11: what is allowed, what is left, and seconds until all of it is back.
 */
import type { FastifyInstance } from 'fastify'
import { Problem } from '../../contract/problems.js'
import { tenantIdOf } from '../caller.js'

interface Bucket {
  requests: number
  /** Milliseconds of a clock that only runs forward. */
  at: number
}

const windowSeconds = 60

/** Must be called behind the authentication, which says whose request it is; public routes are not counted. */
export function limitRate(app: FastifyInstance, perMinute: number): void {
  const buckets = new Map<string, Bucket>()
  const perSecond = perMinute / windowSeconds

  app.addHook('onRequest', (request, reply, done) => {
    const tenantId = tenantIdOf(request)
    if (tenantId === undefined) return done()
    const now = performance.now()
    const before = buckets.get(tenantId) ?? { requests: perMinute, at: now }
    const filled = Math.min(perMinute, before.requests + (perSecond * (now - before.at)) / 1_000)
    const isAllowed = filled >= 1
    const left = isAllowed ? filled - 1 : filled
    buckets.set(tenantId, { requests: left, at: now })
    reply.header('ratelimit-policy', `"requests";q=${perMinute};w=${windowSeconds}`)
    reply.header(
      'ratelimit',
      `"requests";r=${Math.floor(left)};t=${Math.ceil((perMinute - left) / perSecond)}`,
    )
    if (isAllowed) return done()
    const seconds = Math.ceil((1 - left) / perSecond)
    reply.header('retry-after', seconds)
    const detail = `More than ${perMinute} requests came within a minute; ${perMinute} are allowed (MAXIMUM_REQUESTS_PER_MINUTE). Ask again in ${seconds} s.`
    done(new Problem('rate-limited', detail))
  })
}
