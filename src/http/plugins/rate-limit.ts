/** Limits the requests of each tenant a minute. Headers: draft-ietf-httpapi-ratelimit-headers-11. */
import type { onRequestHookHandler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { describeLimit, effectiveLimit } from '../../contract/limits.js'
import { Problem } from '../../contract/problems.js'
import type { Principal } from '../principal.js'
import { secondsUntil, TokenBuckets } from '../token-buckets.js'

export class RequestRate {
  readonly #buckets = new TokenBuckets()

  /** Returns the requests of the last minute. */
  used({ countedAs, limits }: Principal): number {
    const perMinute = effectiveLimit(limits, 'requestsPerMinute')
    return Math.ceil(perMinute - this.#buckets.left(countedAs, perMinute))
  }

  /**
   * Limits the routes that are registered after this plugin. Register it before the authentication, whose hook of a route
   * then runs before that of this plugin.
   */
  readonly plugin = fastifyPlugin((app, _options, done) => {
    app.addHook('onRoute', (route) => {
      if (route.config?.scope === 'public') return
      route.onRequest = [this.#onRequest, route.onRequest ?? []].flat()
    })
    done()
  })

  readonly #onRequest: onRequestHookHandler = (request, reply, done) => {
    const { principal } = request
    if (principal === null) return done()
    const { countedAs, limits } = principal
    const perMinute = effectiveLimit(limits, 'requestsPerMinute')
    const now = performance.now()
    const before = this.#buckets.left(countedAs, perMinute, now)
    const isAllowed = before >= 1
    const left = isAllowed ? before - 1 : before
    if (isAllowed) this.#buckets.set(countedAs, left, now)
    const untilFull = secondsUntil(perMinute, left, perMinute)
    reply.header('ratelimit-policy', this.#policy(perMinute))
    reply.header('ratelimit', `"requests";r=${Math.floor(left)};t=${untilFull}`)
    if (isAllowed) return done()
    const seconds = secondsUntil(1, left, perMinute)
    reply.header('retry-after', seconds)
    const limit = describeLimit(limits, 'requestsPerMinute')
    const detail = `Too many requests within a minute; ${limit}. Retry in ${seconds} s.`
    done(new Problem('rate-limited', detail))
  }

  /** The text of the last policy, because almost all tenants have the same. */
  #lastPolicy = { perMinute: 0, text: '' }

  #policy(perMinute: number): string {
    if (this.#lastPolicy.perMinute !== perMinute) {
      this.#lastPolicy = { perMinute, text: `"requests";q=${perMinute};w=60` }
    }
    return this.#lastPolicy.text
  }
}
