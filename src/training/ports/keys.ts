import type { Key, Scope } from '../../contract/key.js'
import type { OwnLimits } from '../../contract/limits.js'

interface NewKey {
  id: string
  tenantId: string
  /** Hash of the secret. */
  sha256: string
  scopes: Scope[]
  /** Empty for all models. */
  models: string[]
  /** Days until the key expires; null for never. */
  days: number | null
}

/** A valid key, as authentication reads it. */
export interface KnownKey extends Pick<Key, 'id' | 'tenantId' | 'scopes' | 'models'> {
  /** Hash of the secret. */
  sha256: string
  /** The limits of its tenant that replace those of the settings. */
  ownLimits: OwnLimits
}

export interface KeyStore {
  /** Creates the tenant with its first key. @throws Error at the limit of valid keys of a tenant */
  create(key: NewKey): Promise<Key>
  list(): Promise<Key[]>
  /** False if there is no such key, or it was already revoked. */
  revoke(id: string): Promise<boolean>
  /** Deletes a revoked or expired key. */
  delete(id: string): Promise<boolean>
  /** Null unless the key is valid. The result is shared between callers, which must not change it. */
  find(id: string): Promise<KnownKey | null>
  /** The ids of the keys that are valid. */
  live(ids: string[]): Promise<string[]>
  /** Whether any key exists, valid or not. */
  any(): Promise<boolean>
  anyLive(): Promise<boolean>
}
