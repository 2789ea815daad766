import type { FastifyRequest } from 'fastify'
import type { Scope } from '../contract/key.js'
import type { Tenant } from '../training/ports/tenants.js'

/** The tenant, and key or share link, that a request is authenticated as. */
export interface Principal extends Tenant {
  /** Null while the service is open, and for a share link. */
  keyId: string | null
  /** Null for a key. */
  shareLinkId: string | null
  /** Whose requests, turns and streams are counted: the tenant, or the visitors of its share links. */
  countedAs: string
  scopes: ReadonlySet<Scope>
  /** The models that the key may predict; null for all. */
  models: ReadonlySet<string> | null
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null on public routes, which do not authenticate. */
    principal: Principal | null
  }
}

/** @throws Error on public routes */
export function requirePrincipal(request: FastifyRequest): Principal {
  const { principal } = request
  if (principal === null) throw new Error(`${request.routeOptions.url} is public and has no principal`)
  return principal
}
