/** Who sent a request: known once the authentication has let it pass. */
import type { FastifyRequest } from 'fastify'
import type { Scope } from '../contract/key.js'
import type { Tenant } from '../training/ports.js'

export interface Caller extends Tenant {
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

/** Undefined on public routes. */
export function knownCallerOf(request: FastifyRequest): Caller | undefined {
  return callers.get(request)
}
