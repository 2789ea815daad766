/** How many streams each tenant has open on this process. */
import { describeLimit, effectiveLimit } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import type { Tenant } from '../training/ports/tenants.js'

export class OpenSockets {
  readonly #open = new Map<string, number>()

  of(tenantId: string): number {
    return this.#open.get(tenantId) ?? 0
  }

  /** Counts one more until what it gives is called. Throws Problem `too-many-sockets`. */
  enter({ tenantId, limits }: Tenant): () => void {
    const demand = this.of(tenantId) + 1
    if (demand > effectiveLimit(limits, 'sockets')) {
      const detail = `${demand} streams would be open; ${describeLimit(limits, 'sockets')}.`
      throw new Problem('too-many-sockets', detail)
    }
    this.#open.set(tenantId, demand)
    return () => {
      const left = this.of(tenantId) - 1
      if (left <= 0) this.#open.delete(tenantId)
      else this.#open.set(tenantId, left)
    }
  }
}
