/** Token buckets: each holds one minute of tokens and refills evenly. */
import { evictOldest } from '../base/evict-oldest.js'

const windowSeconds = 60

const maximumBuckets = 10_000

interface Bucket {
  left: number
  /** By performance.now(). */
  at: number
}

export class TokenBuckets {
  /** In the order of their last use. A bucket that is evicted starts full again. */
  readonly #buckets = new Map<string, Bucket>()
  /** The name that was used last. */
  #newest: string | null = null

  get size(): number {
    return this.#buckets.size
  }

  /** Returns the tokens left; less than 1 is none. @param now by performance.now() */
  left(name: string, perMinute: number, now = performance.now()): number {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) return perMinute
    const filled = (perMinute / windowSeconds) * ((now - bucket.at) / 1_000)
    return Math.min(perMinute, bucket.left + filled)
  }

  /** Takes a token and returns the tokens left. The number may be negative, and then delays the next token. */
  take(name: string, perMinute: number): number {
    const left = this.left(name, perMinute) - 1
    this.set(name, left)
    return left
  }

  /** Sets the tokens left now. */
  set(name: string, left: number, now = performance.now()): void {
    const bucket = { left, at: now }
    if (name !== this.#newest) this.#buckets.delete(name)
    this.#newest = name
    this.#buckets.set(name, bucket)
    evictOldest(this.#buckets, maximumBuckets)
  }
}

/** Returns the seconds until a bucket with `left` tokens holds `wanted`. */
export function secondsUntil(wanted: number, left: number, perMinute: number): number {
  return Math.max(0, Math.ceil((wanted - left) / (perMinute / windowSeconds)))
}
