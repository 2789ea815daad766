/** The bytes that each tenant holds of a shared resource. A tenant has at most the limit, whatever the others hold. */
export class TenantBytes {
  readonly #held = new Map<string, number>()

  constructor(readonly limit: number) {}

  held(tenantId: string): number {
    return this.#held.get(tenantId) ?? 0
  }

  /** False if the tenant would hold more than the limit. Otherwise it holds them until they are given back. */
  tryHold(tenantId: string, bytes: number): boolean {
    const held = this.held(tenantId) + bytes
    if (held > this.limit) return false
    this.#held.set(tenantId, held)
    return true
  }

  giveBack(tenantId: string, bytes: number): void {
    const held = this.held(tenantId) - bytes
    if (held > 0) this.#held.set(tenantId, held)
    else this.#held.delete(tenantId)
  }
}
