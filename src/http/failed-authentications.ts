/**
 * Keys and tickets that were wrong, counted by the address they came from. An address with too many of them is refused
 * before anybody looks into the database; but not what was right here before, since strangers may share the address.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { evictOldest } from '../base/evict-oldest.js'
import { Problem } from '../contract/problems.js'
import { Buckets, secondsUntil } from './buckets.js'
import { clientAddress, trustIn } from './client-address.js'

const maximumFingerprints = 10_000

export class FailedAuthentications {
  readonly #buckets = new Buckets()
  /** Fingerprints; those used last stand last. */
  readonly #right = new Set<string>()
  readonly #trustedProxies: ReturnType<typeof trustIn>

  constructor(
    private readonly perMinute: number,
    trustedProxies: readonly string[],
  ) {
    this.#trustedProxies = trustIn(trustedProxies)
  }

  /** Throws Problem `rate-limited`. The fingerprint is of the key or ticket that is to be looked up, null of what is none. */
  check(request: FastifyRequest, reply: FastifyReply, fingerprint: string | null): void {
    if (fingerprint !== null && this.#right.has(fingerprint)) return
    const left = this.#buckets.left(this.#addressOf(request), this.perMinute)
    if (left >= 1) return
    const seconds = secondsUntil(1, left, this.perMinute)
    reply.header('retry-after', seconds)
    const detail =
      `This address sent too many invalid keys or tickets; the limit is ${this.perMinute} a minute ` +
      `(MAXIMUM_FAILED_AUTHENTICATIONS_PER_MINUTE). Retry in ${seconds} s.`
    throw new Problem('rate-limited', detail)
  }

  /** What comes at once before the first answer is known counts in full, and takes longer to be forgiven. */
  wrong(request: FastifyRequest, fingerprint: string | null): void {
    if (fingerprint !== null) this.#right.delete(fingerprint)
    this.#buckets.take(this.#addressOf(request), this.perMinute)
  }

  /** To be let through from now on, wherever it comes from. */
  right(fingerprint: string): void {
    this.#right.delete(fingerprint)
    this.#right.add(fingerprint)
    evictOldest(this.#right, maximumFingerprints)
  }

  #addressOf(request: FastifyRequest): string {
    return clientAddress(request, this.#trustedProxies)
  }
}
