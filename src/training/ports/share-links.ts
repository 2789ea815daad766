import type { OwnLimits } from '../../contract/limits.js'
import type { ShareLink } from '../../contract/share-link.js'
import type { Actor } from './audit.js'
import type { Tenanted } from './tenants.js'

/** The share links of one tenant. */
export interface ShareLinkStore {
  /** Null if there is no such job. @throws Problem `too-many-share-links` */
  create(link: { id: string; jobId: string; sha256: string }, actor: Actor): Promise<ShareLink | null>
  /** Newest first; null if there is no such job. */
  list(jobId: string): Promise<ShareLink[] | null>
  /** False if there is no such link of the job. */
  revoke(jobId: string, id: string, actor: Actor): Promise<boolean>
}

/** A share link, as authentication reads it. */
export interface KnownShareLink {
  id: string
  tenantId: string
  /** Hash of the secret. */
  sha256: string
  /** The limits of its tenant that replace those of the settings. */
  ownLimits: OwnLimits
}

/** The share links of all tenants. */
export interface AllShareLinks extends Tenanted<ShareLinkStore> {
  /** All links of a job. */
  find(jobId: string): Promise<KnownShareLink[]>
  /** The ids of the links that exist, and whose tenants are not suspended. */
  live(ids: string[]): Promise<string[]>
}
