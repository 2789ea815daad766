/** A command of `npm run keys`, once its words are read. */
import type { Limits } from '../contract/limits.js'
import type { Actor } from '../training/ports/audit.js'
import type { KeyAdministration } from '../training/ports/keys.js'
import type { TenantStore } from '../training/ports/tenants.js'

export interface CommandDependencies {
  keys: KeyAdministration
  tenants: TenantStore
  /** The user who runs the command. */
  actor: Actor
  /** The limits of tenants without own limits. */
  settings: Limits
}

export type Command = (dependencies: CommandDependencies) => Promise<void>
