/**
 * Counts failed authentications by address. An address with too many of them is refused without a database lookup.
 * Keys that were valid on this process are exempt, because other clients may share the address.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { evictOldest } from '../base/evict-oldest.js'
import { Problem } from '../contract/problems.js'
import { clientAddress, compileTrust } from './client-address.js'
import { secondsUntil, TokenBuckets } from './token-buckets.js'

const maximumFingerprints = 10_000

export class FailedAuthentications {
  readonly #buckets = new TokenBuckets()
  /** Fingerprints of valid keys, in the order of their last use. */
  readonly #valid = new Set<string>()
  readonly #trustedProxies: ReturnType<typeof compileTrust>

  constructor(
    private readonly perMinute: number,
    trustedProxies: readonly string[],
  ) {
    this.#trustedProxies = compileTrust(trustedProxies)
  }

  /**
   * @param fingerprint of the key, stream ticket or share link; null if the text is none of them
   * @throws Problem `rate-limited`
   */
  check(request: FastifyRequest, reply: FastifyReply, fingerprint: string | null): void {
    if (fingerprint !== null && this.#valid.has(fingerprint)) return
    const left = this.#buckets.left(this.clientAddress(request), this.perMinute)
    if (left >= 1) return
    const seconds = secondsUntil(1, left, this.perMinute)
    reply.header('retry-after', seconds)
    const detail =
      `This address sent too many invalid keys, stream tickets or share links; the limit is ${this.perMinute} a minute ` +
      `(MAXIMUM_FAILED_AUTHENTICATIONS_PER_MINUTE). Retry in ${seconds} s.`
    throw new Problem('rate-limited', detail)
  }

  /** Counts a failure. Concurrent failures all count, so the bucket may become negative. */
  reject(request: FastifyRequest, fingerprint: string | null): void {
    if (fingerprint !== null) this.#valid.delete(fingerprint)
    this.#buckets.take(this.clientAddress(request), this.perMinute)
  }

  /** Exempts the key from the limit. */
  accept(fingerprint: string): void {
    this.#valid.delete(fingerprint)
    this.#valid.add(fingerprint)
    evictOldest(this.#valid, maximumFingerprints)
  }

  /** The address that is counted, which the audit log also has. */
  clientAddress(request: FastifyRequest): string {
    return clientAddress(request, this.#trustedProxies)
  }
}
