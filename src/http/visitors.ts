/** Requests with a share link instead of a key: they read one job. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Limits, OwnLimits } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import { readShareToken } from '../training/key-text.js'
import type { AllShareLinks } from '../training/ports/share-links.js'
import { challenge, invalidToken, isEqualHash, readBearer } from './bearer.js'
import type { FailedAuthentications } from './failed-authentications.js'
import type { Principal } from './principal.js'

interface Visitors {
  shareLinks: Pick<AllShareLinks, 'find'>
  failedAuthentications: FailedAuthentications
  settings: Limits
}

/** A share link of a tenant, or a stream ticket that it got. */
export function visitorOf(
  link: { shareLinkId: string; tenantId: string; ownLimits: OwnLimits },
  settings: Limits,
): Principal {
  const { tenantId, shareLinkId, ownLimits } = link
  return {
    tenantId,
    keyId: null,
    shareLinkId,
    // Visitors do not use up the requests and streams of the tenant.
    countedAs: `visitors of ${tenantId}`,
    scopes: new Set(['jobs:read']),
    models: null,
    limits: { settings, own: ownLimits },
  }
}

/**
 * Null if the request has no share link.
 * @param isAllowed whether the route accepts share links of the job in its path
 * @throws Problem `unauthorized`, `forbidden` or `rate-limited`
 */
export async function authenticateVisitor(
  request: FastifyRequest,
  reply: FastifyReply,
  isAllowed: boolean,
  { shareLinks, failedAuthentications, settings }: Visitors,
): Promise<Principal | null> {
  const given = readShareToken(readBearer(request) ?? '')
  if (given === null) return null
  failedAuthentications.check(request, reply, given.sha256)
  let found: Principal | null = null
  // All links of the job are compared, so that the time does not depend on which one matches.
  for (const { id: shareLinkId, sha256, ...link } of await shareLinks.find(given.jobId)) {
    if (isEqualHash(sha256, given.sha256)) found = visitorOf({ shareLinkId, ...link }, settings)
  }
  if (found === null) {
    failedAuthentications.reject(request, given.sha256)
    throw challenge(reply, invalidToken, 'The share link is unknown or was revoked.')
  }
  failedAuthentications.accept(given.sha256)
  if (isAllowed && pathId(request) === given.jobId) return found
  throw new Problem('forbidden', `A share link reads the job ${given.jobId} alone. Use a key.`)
}

/** The request is not validated yet. */
function pathId({ params }: FastifyRequest): unknown {
  return typeof params === 'object' && params !== null && 'id' in params ? params.id : undefined
}
