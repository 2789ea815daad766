import type { OwnLimits } from '../../contract/limits.js'

export interface TicketStore {
  /** Valid for 30 seconds of the database's clock. Returns the end; null if the job no longer exists. */
  create(ticket: {
    sha256: string
    jobId: string
    keyId: string | null
    shareLinkId?: string | null
  }): Promise<Date | null>
  /** A stream ticket for any jobs of the key's tenant, or of the tenant `local` without a key. */
  createForAll(ticket: { sha256: string; keyId: string | null }): Promise<Date>
  /**
   * Uses up a ticket. Null if it is unknown, used, expired, for another job, or its key or share link is no longer valid. Without a job,
   * it must be a ticket of `createForAll`.
   */
  use(
    sha256: string,
    jobId: string | null,
  ): Promise<{
    tenantId: string
    keyId: string | null
    shareLinkId: string | null
    ownLimits: OwnLimits
  } | null>
  /** Deletes expired tickets. */
  cleanUp(): Promise<void>
}
