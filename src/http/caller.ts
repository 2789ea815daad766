/** Who sent a request: known once the authentication has let it pass. */
import type { FastifyRequest } from 'fastify'
import type { Scope } from '../contract/key.js'
import type { Tenant } from '../training/ports/tenants.js'

export interface Caller extends Tenant {
  /** Null while the service is open. */
  keyId: string | null
  scopes: ReadonlySet<Scope>
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null where nobody was asked who they are: on public routes. */
    caller: Caller | null
  }
}

/** Throws where nobody was asked who they are: on public routes. */
export function callerOf(request: FastifyRequest): Caller {
  const { caller } = request
  if (caller === null) throw new Error(`nobody is known to have asked for ${request.routeOptions.url}`)
  return caller
}
