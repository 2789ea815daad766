import type { LimitChanges, OwnLimits, TenantLimits, Use } from '../../contract/limits.js'

/** A store of objects that belong to tenants. `of` hides the objects of all other tenants. */
export interface Tenanted<Store> {
  of(tenantId: string): Store
}

export interface Tenant {
  tenantId: string
  limits: TenantLimits
}

export interface TenantStore {
  /** The limits of the tenant that replace those of the settings. */
  ownLimits(tenantId: string): Promise<OwnLimits>
  /** False if there is no such tenant. The tenant `local` always exists. */
  changeLimits(tenantId: string, changes: LimitChanges): Promise<boolean>
  use(tenantId: string): Promise<Use>
}
