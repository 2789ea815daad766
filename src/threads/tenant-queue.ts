/** What waits, by tenant: tenants take turns, and within a tenant what came first goes first. */
export class TenantQueue<Item> {
  /** The tenant whose turn it is stands first, unless it had the most recent turn and others wait. */
  readonly #waiting = new Map<string, Item[]>()
  #latest: string | undefined

  add(tenantId: string, item: Item): void {
    const items = this.#waiting.get(tenantId)
    if (items === undefined) this.#waiting.set(tenantId, [item])
    else items.push(item)
  }

  /** Whose turn it is. */
  first(): Item | undefined {
    const tenantId = this.#next()
    return tenantId === undefined ? undefined : this.#waiting.get(tenantId)?.[0]
  }

  /** The same, which waits no longer; its tenant stands last from now on. */
  take(): Item | undefined {
    const tenantId = this.#next()
    const items = tenantId === undefined ? undefined : this.#waiting.get(tenantId)
    if (tenantId === undefined || items === undefined) return undefined
    const item = items.shift()
    this.#waiting.delete(tenantId)
    if (items.length > 0) this.#waiting.set(tenantId, items)
    this.#latest = tenantId
    return item
  }

  #next(): string | undefined {
    const [first, second] = this.#waiting.keys()
    return first === this.#latest ? (second ?? first) : first
  }

  /** All that waits, which then waits no longer. */
  clear(): Item[] {
    const items = [...this.#waiting.values()].flat()
    this.#waiting.clear()
    return items
  }

  /** No longer waits. */
  remove(tenantId: string, item: Item): void {
    const left = this.#waiting.get(tenantId)?.filter((each) => each !== item) ?? []
    if (left.length > 0) this.#waiting.set(tenantId, left)
    else this.#waiting.delete(tenantId)
  }
}
