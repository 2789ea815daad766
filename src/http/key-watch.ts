/**
 * Follows what becomes of keys while the service runs: whether one is demanded, what may be done without one, and whether
 * those with open streams still hold.
 */
import { localTenant } from '../contract/key.js'
import type { OwnLimits } from '../contract/limits.js'
import type { KeyStore } from '../training/ports/keys.js'
import type { TenantStore } from '../training/ports/tenants.js'
import type { Caller } from './caller.js'

const everyMilliseconds = 1_000

export class KeyWatch {
  readonly #streams = new Map<string | null, Set<() => void>>()
  #open = false
  #localLimits: OwnLimits = {}
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined

  /** @param mayBeOpen whether nobody but this machine can reach the service */
  constructor(
    private readonly keys: Pick<KeyStore, 'any' | 'live'>,
    private readonly tenants: Pick<TenantStore, 'ownLimits'>,
    private readonly mayBeOpen: boolean,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Looks once before it returns, then again and again. */
  async start(): Promise<void> {
    await this.#look()
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look()
        .catch(this.onError)
        .finally(() => {
          this.#looking = undefined
        })
    }, everyMilliseconds)
  }

  /** Whether requests without a key are served. */
  get isOpen(): boolean {
    return this.#open
  }

  /** What is `local`'s own while the service is open; other tenants' limits come with their keys. */
  get localLimits(): OwnLimits {
    return this.#localLimits
  }

  /** Calls `close` when the caller's key no longer holds, unless the returned function is called before. */
  watch({ keyId }: Caller, close: () => void): () => void {
    const streams = this.#streams.get(keyId) ?? new Set()
    this.#streams.set(keyId, streams.add(close))
    return () => {
      streams.delete(close)
      if (streams.size === 0 && this.#streams.get(keyId) === streams) this.#streams.delete(keyId)
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
  }

  async #look(): Promise<void> {
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
