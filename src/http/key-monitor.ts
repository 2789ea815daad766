import { localTenant } from '../contract/key.js'
import type { OwnLimits } from '../contract/limits.js'
import type { KeyStore } from '../training/ports/keys.js'
import type { TenantStore } from '../training/ports/tenants.js'
import type { Principal } from './principal.js'

const pollMilliseconds = 1_000

/** Polls the keys: whether requests need one, the limits without one, and whether keys with open streams are valid. */
export class KeyMonitor {
  readonly #streams = new Map<string | null, Set<() => void>>()
  #open = false
  #localLimits: OwnLimits = {}
  #timer: NodeJS.Timeout | undefined
  #polling: Promise<void> | undefined

  /** @param mayBeOpen whether only this machine can reach the service */
  constructor(
    private readonly keys: Pick<KeyStore, 'any' | 'live'>,
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

  /** Calls `close` when the principal's key becomes invalid. The returned function ends the watch. */
  watch({ keyId }: Principal, close: () => void): () => void {
    const streams = this.#streams.get(keyId) ?? new Set()
    this.#streams.set(keyId, streams.add(close))
    return () => {
      streams.delete(close)
      if (streams.size === 0 && this.#streams.get(keyId) === streams) this.#streams.delete(keyId)
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
    const live = new Set<string | null>(ids.length === 0 ? [] : await this.keys.live(ids))
    if (this.#open) live.add(null)
    for (const [keyId, streams] of [...this.#streams]) {
      if (live.has(keyId) || (keyId !== null && !ids.includes(keyId))) continue
      for (const close of [...streams]) close()
    }
  }
}
