/** Who sent a request: known once the authentication has let it pass. */
import type { FastifyRequest } from 'fastify'
import type { Scope } from '../contract/key.js'

export interface Caller {
  tenantId: string
  /** Null while the service is open. */
  keyId: string | null
  scopes: ReadonlySet<Scope>
}

const callers = new WeakMap<FastifyRequest, Caller>()

export function rememberCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller)
}

/** Throws where nobody was asked who they are: on public routes. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request)
  if (caller === undefined) throw new Error(`nobody is known to have asked for ${request.routeOptions.url}`)
  return caller
}

export function tenantIdOf(request: FastifyRequest): string | undefined {
  return callers.get(request)?.tenantId
}
