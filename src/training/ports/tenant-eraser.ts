import { z } from 'zod'
import { actorTypeSchema } from '../../contract/audit.js'
import type { Actor } from './audit.js'

/** The actor of a deletion, as its tenant keeps it. */
export const actorSchema: z.ZodType<Actor> = z.object({
  type: actorTypeSchema,
  id: z.string().nullable(),
  requestId: z.string().nullable(),
  address: z.string().nullable(),
})

/** Deletes the data of tenants whose deletion was requested. */
export interface TenantEraser {
  /** The tenants that are being deleted, at most 10,000. */
  pending(): Promise<string[]>
  /**
   * Deletes the data of the tenant in batches, and then the tenant.
   * @returns false if something is left, such as the participants of its workshops
   */
  erase(tenantId: string, isStopping: () => boolean): Promise<boolean>
  /** Deletes what requests stored that began before the tenant was deleted. */
  cleanUp(): Promise<void>
}
