/** How many streams each tenant has open on this process. */
import { Problem } from '../contract/problems.js'

export class OpenSockets {
  private readonly open = new Map<string, number>()

  constructor(private readonly allowed: number) {}

  /** Counts one more until what it gives is called. Throws Problem `too-many-sockets`. */
  enter(tenantId: string): () => void {
    const demand = (this.open.get(tenantId) ?? 0) + 1
    if (demand > this.allowed) {
      const detail = `With this stream ${demand} would be open; ${this.allowed} are allowed (MAXIMUM_SOCKETS).`
      throw new Problem('too-many-sockets', detail)
    }
    this.open.set(tenantId, demand)
    return () => {
      const left = (this.open.get(tenantId) ?? 1) - 1
      if (left === 0) this.open.delete(tenantId)
      else this.open.set(tenantId, left)
    }
  }
}
