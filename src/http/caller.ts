/** Who sent a request. */
import type { FastifyRequest } from 'fastify'

export interface Caller {
  tenantId: string
}

/** Everybody's tenant while the service is open. */
const local: Caller = { tenantId: 'local' }

export function callerOf(_request: FastifyRequest): Caller {
  return local
}
