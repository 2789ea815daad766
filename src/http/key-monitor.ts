import { idPrefixes } from '../contract/ids.js'
import { localTenant } from '../contract/key.js'
import type { OwnLimits } from '../contract/limits.js'
import type { KeyStore } from '../training/ports/keys.js'
import type { AllShareLinks } from '../training/ports/share-links.js'
import type { TenantStore } from '../training/ports/tenants.js'
import type { Principal } from './principal.js'

const pollMilliseconds = 1_000

/**
 * Polls the keys: whether requests need one, the limits without one, and whether keys and share links with open streams are
 * valid.
 */
export class KeyMonitor {
  readonly #streams = new Map<string | null, Set<() => void>>()
  #open = false
  #localLimits: OwnLimits = {}
  #timer: NodeJS.Timeout | undefined
  #polling: Promise<void> | undefined

  /** @param mayBeOpen whether only this machine can reach the service */
  constructor(
    private readonly keys: Pick<KeyStore, 'any' | 'live'>,
    private readonly shareLinks: Pick<AllShareLinks, 'live'>,
    private readonly tenants: Pick<TenantStore, 'ownLimits'>,
    private readonly mayBeOpen: boolean,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Polls once before it returns. */
  async start(): Promise<void> {
    await this.#poll()
    this.#timer = setInterval(() => {
      this.#polling ??= this.#poll()
        .catch(this.onError)
        .finally(() => {
          this.#polling = undefined
        })
    }, pollMilliseconds)
  }

  /** Whether requests without a key are served. */
  get isOpen(): boolean {
    return this.#open
  }

  /** The limits of the tenant `local` while the service is open. The limits of other tenants come with their keys. */
  get localLimits(): OwnLimits {
    return this.#localLimits
  }

  /** Calls `close` when the principal's key or share link becomes invalid. The returned function ends the watch. */
  watch({ keyId, shareLinkId }: Principal, close: () => void): () => void {
    const id = shareLinkId ?? keyId
    const streams = this.#streams.get(id) ?? new Set()
    this.#streams.set(id, streams.add(close))
    return () => {
      streams.delete(close)
      if (streams.size === 0 && this.#streams.get(id) === streams) this.#streams.delete(id)
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#polling
  }

  async #poll(): Promise<void> {
    const open = this.mayBeOpen && !(await this.keys.any())
    if (open) this.#localLimits = await this.tenants.ownLimits(localTenant)
    this.#open = open
    const ids = [...this.#streams.keys()].filter((id) => id !== null)
    const live = new Set<string | null>(await this.#findLive(ids))
    if (this.#open) live.add(null)
    for (const [id, streams] of [...this.#streams]) {
      if (live.has(id) || (id !== null && !ids.includes(id))) continue
      for (const close of [...streams]) close()
    }
  }

  /** @param ids of keys and share links */
  async #findLive(ids: readonly string[]): Promise<string[]> {
    const isLink = (id: string) => id.startsWith(idPrefixes.shareLink)
    const links = ids.filter(isLink)
    const keys = ids.filter((id) => !isLink(id))
    const found = [
      keys.length === 0 ? [] : this.keys.live(keys),
      links.length === 0 ? [] : this.shareLinks.live(links),
    ]
    return (await Promise.all(found)).flat()
  }
}
