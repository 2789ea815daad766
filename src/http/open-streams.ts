import { describeLimit, effectiveLimit } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import type { Tenant } from '../training/ports/tenants.js'

/** Counts the open streams of each tenant on this process. */
export class OpenStreams {
  readonly #counts = new Map<string, number>()

  count(tenantId: string): number {
    return this.#counts.get(tenantId) ?? 0
  }

  /** Counts one more stream until the returned function is called. @throws Problem `too-many-sockets` */
  open({ tenantId, limits }: Tenant): () => void {
    const count = this.count(tenantId) + 1
    if (count > effectiveLimit(limits, 'sockets')) {
      const detail = `${count} streams would be open; ${describeLimit(limits, 'sockets')}. Close one first.`
      throw new Problem('too-many-sockets', detail)
    }
    this.#counts.set(tenantId, count)
    return () => {
      const remaining = this.count(tenantId) - 1
      if (remaining <= 0) this.#counts.delete(tenantId)
      else this.#counts.set(tenantId, remaining)
    }
  }
}
