/** Who sends a request, for the audit log. */
import type { FastifyRequest } from 'fastify'
import type { Actor } from '../training/ports/audit.js'
import type { FailedAuthentications } from './failed-authentications.js'
import { requirePrincipal } from './principal.js'

/** @param addresses finds the client of a request that came through proxies */
export function actorOf(
  request: FastifyRequest,
  addresses: Pick<FailedAuthentications, 'clientAddress'>,
): Actor {
  const { keyId } = requirePrincipal(request)
  return {
    type: keyId === null ? 'local' : 'key',
    id: keyId,
    requestId: request.id,
    address: addresses.clientAddress(request),
  }
}
