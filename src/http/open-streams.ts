import { describeLimit, effectiveLimit } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import type { Principal } from './principal.js'

/** Counts the open streams of each tenant, and of the visitors of its share links, on this process. */
export class OpenStreams {
  readonly #counts = new Map<string, number>()

  count(countedAs: string): number {
    return this.#counts.get(countedAs) ?? 0
  }

  /** Counts one more stream until the returned function is called. @throws Problem `too-many-sockets` */
  open({ countedAs, limits }: Principal): () => void {
    const count = this.count(countedAs) + 1
    if (count > effectiveLimit(limits, 'sockets')) {
      const detail = `${count} streams would be open; ${describeLimit(limits, 'sockets')}. Close one first.`
      throw new Problem('too-many-sockets', detail)
    }
    this.#counts.set(countedAs, count)
    return () => {
      const remaining = this.count(countedAs) - 1
      if (remaining <= 0) this.#counts.delete(countedAs)
      else this.#counts.set(countedAs, remaining)
    }
  }
}
