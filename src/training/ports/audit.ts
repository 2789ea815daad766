import type { AuditAction, AuditEntry } from '../../contract/audit.js'
import type { ListPage, Page } from './pages.js'

/** Who changes something, for the audit log. */
export interface Actor {
  type: AuditEntry['actor']['type']
  /** The id of the key, or the user of the operating system. */
  id: string | null
  requestId: string | null
  /** Of the client. */
  address: string | null
}

export interface AuditFilter {
  tenantId?: string | undefined
  action?: AuditAction | undefined
  /** Only entries from this time on. */
  since?: Date | undefined
  /** Only entries before this time. */
  until?: Date | undefined
}

export interface AuditStore {
  /** Newest first. @throws Problem `invalid-request` for a cursor of another list */
  list(filter: AuditFilter, page: ListPage): Promise<Page<AuditEntry>>
  /** Deletes entries that are older than AUDIT_DAYS. */
  cleanUp(): Promise<void>
}
