import type { ApiKey, KeyChange } from '../../contract/api-key.js'
import type { Scope } from '../../contract/key.js'
import type { OwnLimits } from '../../contract/limits.js'
import type { Problem } from '../../contract/problems.js'
import type { Actor } from './audit.js'
import type { Once } from './idempotency.js'
import type { ListPage, Page } from './pages.js'

export interface NewKey {
  id: string
  tenantId: string
  name: string | null
  /** Hash of the secret. */
  sha256: string
  scopes: Scope[]
  /** Empty for all models. */
  models: string[]
  /** A time, or days from now on; null for never. */
  expiry: { at: string } | { days: number } | null
}

/** A valid key, as authentication reads it. */
export interface KnownKey extends Pick<ApiKey, 'id' | 'tenantId' | 'scopes' | 'models'> {
  /** Hash of the secret. */
  sha256: string
  /** The limits of its tenant that replace those of the settings. */
  ownLimits: OwnLimits
  /** Why its tenant is suspended; null if it is not. */
  suspendedReason: string | null
}

/** The keys, as authentication reads them. */
export interface KeyStore {
  /** Null unless the key is valid. The result is shared between callers, which must not change it. */
  find(id: string): Promise<KnownKey | null>
  /** The ids of the keys that are valid, and whose tenants are not suspended. */
  live(ids: string[]): Promise<string[]>
  /** Whether any key exists, valid or not. */
  any(): Promise<boolean>
  anyLive(): Promise<boolean>
}

export interface KeyRotation {
  id: string
  sha256: string
  overlapSeconds: number
}

/** Keys, as operators manage them. Each change is written to the audit log in its transaction. */
export interface KeyAdministration {
  /** Creates the tenant with its first key. @throws Problem `too-many-keys` or `invalid-request` */
  create(key: NewKey, actor: Actor): Promise<ApiKey>
  /**
   * Creates or refuses each key, in one transaction.
   * @param answer converts the outcomes, in the order of the keys
   * @param toRepeat the answer without secrets, to store for repeated requests
   */
  createAll<T extends object>(
    keys: readonly NewKey[],
    actor: Actor,
    answering: {
      tenantId: string
      once: Once | undefined
      answer(outcomes: (ApiKey | Problem)[]): T
      toRepeat(answer: T): T
    },
  ): Promise<T>
  /** All keys, by tenant. */
  listAll(): Promise<ApiKey[]>
  /** Newest first. */
  list(tenantId: string | undefined, page: ListPage): Promise<Page<ApiKey>>
  get(id: string): Promise<ApiKey | null>
  /** Null if there is no such key. @throws Problem `key-not-live`, `last-admin-key` or `invalid-request` */
  change(id: string, change: KeyChange, actor: Actor): Promise<ApiKey | null>
  /**
   * Creates a key that replaces another, which ends with the overlap. Null if there is no such key.
   * @throws Problem `key-not-live` or `too-many-keys`
   */
  rotate(id: string, rotation: KeyRotation, actor: Actor): Promise<{ key: ApiKey; previous: ApiKey } | null>
  /** Null if there is no such key. @throws Problem `key-not-live` or `last-admin-key` */
  revoke(id: string, actor: Actor): Promise<ApiKey | null>
  /** Deletes a revoked or expired key. False if there is no such key. @throws Problem `key-not-live` */
  delete(id: string, actor: Actor): Promise<boolean>
}
