/** A queue in which tenants take turns. The items of a tenant stay in order. */
export class TenantQueue<Item> {
  /** In the order of turns. The tenant with the most recent turn is skipped if others wait. */
  readonly #waiting = new Map<string, Item[]>()
  #latest: string | undefined

  add(tenantId: string, item: Item): void {
    const items = this.#waiting.get(tenantId)
    if (items === undefined) this.#waiting.set(tenantId, [item])
    else items.push(item)
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  /** The next item. */
  first(): Item | undefined {
    const tenantId = this.#next()
    return tenantId === undefined ? undefined : this.#waiting.get(tenantId)?.[0]
  }

  /** Removes the next item, and moves its tenant to the end. */
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

  /** Removes all items. */
  clear(): Item[] {
    const items = [...this.#waiting.values()].flat()
    this.#waiting.clear()
    return items
  }

  /** Removes an item. */
  remove(tenantId: string, item: Item): void {
    const left = this.#waiting.get(tenantId)?.filter((each) => each !== item) ?? []
    if (left.length > 0) this.#waiting.set(tenantId, left)
    else this.#waiting.delete(tenantId)
  }
}
