/** Rates a minute, as buckets: each holds so many and fills evenly. A bucket that nobody asked for in a long time is full, so it is forgotten. */
import { evictOldest } from '../base/evict-oldest.js'

const windowSeconds = 60

const maximumBuckets = 10_000

interface Bucket {
  left: number
  /** Milliseconds of a clock that only runs forward. */
  at: number
}

export class Buckets {
  /** Those taken from last stand last. */
  readonly #buckets = new Map<string, Bucket>()

  get size(): number {
    return this.#buckets.size
  }

  /** Less than 1 means none. */
  left(name: string, perMinute: number): number {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) return perMinute
    const filled = (perMinute / windowSeconds) * ((performance.now() - bucket.at) / 1_000)
    return Math.min(perMinute, bucket.left + filled)
  }

  /** One out of the bucket, even if it holds none: what is owed must be filled first. Gives what is left. */
  take(name: string, perMinute: number): number {
    const left = this.left(name, perMinute) - 1
    this.#buckets.delete(name)
    this.#buckets.set(name, { left, at: performance.now() })
    evictOldest(this.#buckets, maximumBuckets)
    return left
  }
}

/** Until a bucket with that much left holds so many. */
export function secondsUntil(wanted: number, left: number, perMinute: number): number {
  return Math.max(0, Math.ceil((wanted - left) / (perMinute / windowSeconds)))
}
