/** A command of `npm run keys`, once its words are read. */
import type { Limits } from '../contract/limits.js'
import type { KeyStore } from '../training/ports/keys.js'
import type { TenantStore } from '../training/ports/tenants.js'

export interface CommandDependencies {
  keys: KeyStore
  tenants: TenantStore
  /** The limits of tenants without own limits. */
  settings: Limits
}

export type Command = (dependencies: CommandDependencies) => Promise<void>
