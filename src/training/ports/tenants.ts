import type { LimitChanges, OwnLimits, TenantLimits, Use } from '../../contract/limits.js'
import type { StoredTenant } from '../../contract/tenant.js'
import type { Actor } from './audit.js'
import type { ListPage, Page } from './pages.js'

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
  /** False if there is no such tenant. The tenant `local` always exists. @throws Problem `tenant-deleting` */
  changeLimits(tenantId: string, changes: LimitChanges, actor: Actor): Promise<boolean>
  use(tenantId: string): Promise<Use>
}

/** Tenants, as operators manage them. Each change is written to the audit log in its transaction. */
export interface TenantAdministration extends Pick<TenantStore, 'changeLimits'> {
  /** Those whose ids begin with the prefix, in the order of their ids. */
  list(prefix: string, page: ListPage): Promise<Page<StoredTenant>>
  get(id: string): Promise<StoredTenant | null>
  /** Creates the tenant unless it exists. Returns whether it is new. @throws Problem `tenant-deleting` */
  create(id: string, limits: LimitChanges, actor: Actor): Promise<boolean>
  /** False if there is no such tenant. @throws Problem `last-admin-key` if it has live admin keys */
  suspend(id: string, reason: string, actor: Actor): Promise<boolean>
  /** False if there is no such tenant. @throws Problem `tenant-deleting` */
  resume(id: string, actor: Actor): Promise<boolean>
  /**
   * Suspends the tenant for good and lets the eraser delete it. Null if there is no such tenant. A second call does nothing.
   * @param isConfirmed whether an active tenant, or one with running jobs, may be deleted
   * @throws Problem `tenant-active`, or `last-admin-key` if it has live admin keys
   */
  delete(id: string, isConfirmed: boolean, actor: Actor): Promise<StoredTenant | null>
}
