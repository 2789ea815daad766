/** Who sends a request, for the audit log. */
import type { FastifyRequest } from 'fastify'
import type { Actor } from '../training/ports/audit.js'
import type { FailedAuthentications } from './failed-authentications.js'
import { requirePrincipal } from './principal.js'

/** What routes need whose changes the audit log has. */
export interface ActorSource {
  /** Finds the client of a request that came through proxies. */
  failedAuthentications: Pick<FailedAuthentications, 'clientAddress'>
}

export function actorOf(request: FastifyRequest, { failedAuthentications }: ActorSource): Actor {
  const { keyId } = requirePrincipal(request)
  return {
    type: keyId === null ? 'local' : 'key',
    id: keyId,
    requestId: request.id,
    address: failedAuthentications.clientAddress(request),
  }
}
