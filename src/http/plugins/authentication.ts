/**
 * Authentication and authorization. Each route declares the scope it needs, or that it is public; otherwise the service
 * does not start. Keys and share links are sent as `Authorization: Bearer …`. Streams also accept a stream ticket, because
 * browsers cannot set that header for them.
 */
import type {
  FastifyContextConfig,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  RouteOptions,
} from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { idSchema } from '../../contract/ids.js'
import { addImpliedScopes, isPredictOnly, localTenant, type Scope, scopeSchema } from '../../contract/key.js'
import type { Limits } from '../../contract/limits.js'
import { Problem } from '../../contract/problems.js'
import { fingerprint, readKey } from '../../training/key-text.js'
import type { KeyStore, KnownKey } from '../../training/ports/keys.js'
import type { AllShareLinks } from '../../training/ports/share-links.js'
import type { TicketStore } from '../../training/ports/stream-tickets.js'
import { challenge, invalidToken, isEqualHash, readBearer } from '../bearer.js'
import type { FailedAuthentications } from '../failed-authentications.js'
import type { KeyMonitor } from '../key-monitor.js'
import type { Principal } from '../principal.js'
import { authenticateVisitor, visitorOf } from '../visitors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope that a key needs; `any` accepts every key that may do more than predict, `public` needs none. */
    scope?: Scope | 'any' | 'public'
    /** Another scope that replaces it. */
    acceptsScope?: Scope
    /** Whether a stream ticket, `?ticket=`, replaces the key: one for the job of the path, or one for all streams of a tenant. */
    acceptsStreamTicket?: 'for job' | 'for all'
    /** Whether a share link of the job in the path replaces the key. */
    acceptsShareLink?: boolean
    /**
     * Starts a lookup of the route in parallel with that of the key `keyId`, which is null while the service is open. Not
     * called if the header contains no key.
     */
    prefetch?: (request: FastifyRequest, keyId: string | null) => void
  }
}

/** Declares the routes of `app` public, for routes that a library registers. */
export function declarePublic(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, scope: 'public' }
  })
}

export interface Authentication {
  keys: Pick<KeyStore, 'find'>
  tickets: Pick<TicketStore, 'use'>
  shareLinks: Pick<AllShareLinks, 'find'>
  keyMonitor: Pick<KeyMonitor, 'isOpen' | 'localLimits'>
  failedAuthentications: FailedAuthentications
  /** The limits of tenants without own limits. */
  settings: Limits
}

interface RouteAccess {
  scope: Scope | 'any'
  acceptsScope: Scope | undefined
  acceptsStreamTicket: FastifyContextConfig['acceptsStreamTicket']
  acceptsShareLink: FastifyContextConfig['acceptsShareLink']
  prefetch: FastifyContextConfig['prefetch']
}

const everyScope: ReadonlySet<Scope> = new Set(scopeSchema.options)

/** Must be registered before every route. */
export const authenticate = fastifyPlugin<Authentication>(
  (app, { keys, tickets, shareLinks, keyMonitor, failedAuthentications, settings }, done) => {
    const routes: RouteOptions[] = []
    app.addHook('onRoute', (route) => {
      routes.push(route)
      if (route.config?.scope === 'public') return
      route.onRequest = [identifyFor(route), route.onRequest ?? []].flat()
    })
    app.addHook('onReady', (ready) => {
      const missing = routes.filter((route) => route.config?.scope === undefined)
      const names = missing.map((route) => `${route.method} ${route.url}`).join(', ')
      ready(missing.length === 0 ? undefined : new Error(`No scope is declared for ${names}`))
    })

    app.decorateRequest('principal', null)

    /** Reads the config at each request, because a plugin may declare the route public later. */
    function identifyFor(route: RouteOptions): onRequestHookHandler {
      return (request, reply, next) => {
        const config = route.config ?? {}
        const { scope = 'public', acceptsScope, acceptsStreamTicket, acceptsShareLink, prefetch } = config
        if (scope === 'public') return next()
        // Avoids a promise if there is nothing to wait for.
        if (
          acceptsStreamTicket === undefined &&
          keyMonitor.isOpen &&
          request.headers.authorization === undefined
        ) {
          prefetch?.(request, null)
          request.principal = keylessPrincipal()
          return next()
        }
        const access = { scope, acceptsScope, acceptsStreamTicket, acceptsShareLink, prefetch }
        identify(request, reply, access).then((principal) => {
          request.principal = principal
          next()
        }, next)
      }
    }

    async function identify(
      request: FastifyRequest,
      reply: FastifyReply,
      { scope, acceptsScope, acceptsStreamTicket, acceptsShareLink = false, prefetch }: RouteAccess,
    ): Promise<Principal> {
      const visitors = { shareLinks, failedAuthentications, settings }
      const principal =
        (await authenticateTicket(request, reply, acceptsStreamTicket)) ??
        (await authenticateVisitor(request, reply, acceptsShareLink, visitors)) ??
        (await authenticateKey(request, reply, prefetch))
      if (scope === 'any') refusePredictOnly(principal)
      else if (acceptsScope === undefined || !principal.scopes.has(acceptsScope))
        requireScope(principal, reply, scope)
      return principal
    }

    let keyless: Principal | null = null

    /** For requests without a key while the service is open. */
    function keylessPrincipal(): Principal {
      const own = keyMonitor.localLimits
      if (keyless?.limits.own !== own) {
        keyless = {
          tenantId: localTenant,
          keyId: null,
          shareLinkId: null,
          countedAs: localTenant,
          scopes: everyScope,
          models: null,
          limits: { settings, own },
        }
      }
      return keyless
    }

    async function authenticateTicket(
      request: FastifyRequest,
      reply: FastifyReply,
      accepts: RouteAccess['acceptsStreamTicket'],
    ): Promise<Principal | null> {
      const ticket = accepts === undefined ? null : readTicket(request, accepts === 'for job')
      if (ticket === null) return null
      const sha256 = fingerprint(ticket.text)
      failedAuthentications.check(request, reply, sha256)
      // The path is not validated yet, and the database may not accept the text.
      const isValidId = ticket.jobId === null || idSchema('job').safeParse(ticket.jobId).success
      const used = isValidId ? await tickets.use(sha256, ticket.jobId) : null
      const needsKey = used?.keyId === null && used.shareLinkId === null
      if (used === null || (needsKey && !keyMonitor.isOpen)) {
        failedAuthentications.reject(request, sha256)
        throw new Problem(
          'unauthorized',
          'The stream ticket is unknown, used, or older than 30 seconds. Request a new one.',
        )
      }
      const { ownLimits, shareLinkId, ...principal } = used
      if (shareLinkId !== null) return visitorOf({ ...used, shareLinkId }, settings)
      return {
        ...principal,
        shareLinkId: null,
        countedAs: used.tenantId,
        limits: { settings, own: ownLimits },
        scopes: new Set<Scope>(['jobs:read']),
        models: null,
      }
    }

    async function authenticateKey(
      request: FastifyRequest,
      reply: FastifyReply,
      prefetch: RouteAccess['prefetch'],
    ): Promise<Principal> {
      const { authorization } = request.headers
      if (authorization === undefined) {
        if (keyMonitor.isOpen) return keylessPrincipal()
        throw challenge(reply, '', 'Send a key in the header authorization: Bearer ….')
      }
      const given = readKey(readBearer(request) ?? '')
      failedAuthentications.check(request, reply, given?.sha256 ?? null)
      if (given === null) {
        failedAuthentications.reject(request, null)
        throw challenge(reply, invalidToken, 'The authorization header does not contain a key.')
      }
      prefetch?.(request, given.id)
      const key = await keys.find(given.id)
      if (key === null || !isEqualHash(key.sha256, given.sha256)) {
        failedAuthentications.reject(request, given.sha256)
        throw challenge(reply, invalidToken, 'The key is unknown, revoked or expired.')
      }
      failedAuthentications.accept(given.sha256)
      if (key.suspendedReason !== null) {
        throw new Problem(
          'tenant-suspended',
          `The tenant ${key.tenantId} is suspended: ${key.suspendedReason}`,
        )
      }
      return principalOfKey(key)
    }

    /** Keys are cached objects, so their principals are cached with them. */
    const principals = new WeakMap<KnownKey, Principal>()

    function principalOfKey(key: KnownKey): Principal {
      const cached = principals.get(key)
      if (cached !== undefined) return cached
      const { tenantId, id: keyId, scopes, models, ownLimits } = key
      const principal = {
        tenantId,
        keyId,
        shareLinkId: null,
        countedAs: tenantId,
        scopes: addImpliedScopes(scopes),
        models: models.length === 0 ? null : new Set(models),
        limits: { settings, own: ownLimits },
      }
      principals.set(key, principal)
      return principal
    }

    done()
  },
)

/** @throws Problem `forbidden` if the principal's key lacks the scope */
export function requireScope({ scopes }: Principal, reply: FastifyReply, scope: Scope): void {
  if (scopes.has(scope)) return
  reply.header('www-authenticate', `Bearer realm="descent", error="insufficient_scope", scope="${scope}"`)
  throw new Problem('forbidden', `This key lacks the scope ${scope}. Use a key that has it.`)
}

/** @throws Problem `forbidden` if the principal's key may only predict */
function refusePredictOnly({ scopes }: Principal): void {
  if (isPredictOnly(scopes))
    throw new Problem('forbidden', 'This key may only predict. Use a key with another scope.')
}

/** The request is not validated yet. */
function readTicket(
  { query, params }: FastifyRequest,
  isForJob: boolean,
): { text: string; jobId: string | null } | null {
  const text = readText(query, 'ticket')
  return text === null ? null : { text, jobId: isForJob ? readText(params, 'id') : null }
}

function readText(values: unknown, name: string): string | null {
  if (typeof values !== 'object' || values === null) return null
  const value: unknown = Object.entries(values).find(([key]) => key === name)?.[1]
  return typeof value === 'string' ? value : null
}
