/** Makes, lists and revokes the share links of a job. */
import { Problem } from '../contract/problems.js'
import type { NewShareLink, ShareLink } from '../contract/share-link.js'
import { makeShareToken } from './key-text.js'
import { newId } from './new-id.js'
import type { Actor } from './ports/audit.js'
import type { ShareLinkStore } from './ports/share-links.js'

const unknownJob = (id: string) => new Problem('not-found', `There is no job ${id}.`)

/** @throws Problem `not-found` or `too-many-share-links` */
export async function createShareLink(
  links: Pick<ShareLinkStore, 'create'>,
  jobId: string,
  actor: Actor,
): Promise<NewShareLink> {
  const { text, sha256 } = makeShareToken(jobId)
  const created = await links.create({ id: newId('shareLink'), jobId, sha256 }, actor)
  if (created === null) throw unknownJob(jobId)
  return { ...created, token: text, page: `/#/shared/${text}` }
}

/** @throws Problem `not-found` */
export async function listShareLinks(
  links: Pick<ShareLinkStore, 'list'>,
  jobId: string,
): Promise<ShareLink[]> {
  const found = await links.list(jobId)
  if (found === null) throw unknownJob(jobId)
  return found
}

/** @throws Problem `not-found` */
export async function revokeShareLink(
  links: Pick<ShareLinkStore, 'revoke'>,
  jobId: string,
  id: string,
  actor: Actor,
): Promise<void> {
  if (await links.revoke(jobId, id, actor)) return
  throw new Problem('not-found', `The job ${jobId} has no share link ${id}.`)
}
