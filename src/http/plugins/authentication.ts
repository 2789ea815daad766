/**
 * Who may do what. Each route declares the scope that a key needs for it, or that it is public; one that does not keeps the
 * service from starting. Keys come as `Authorization: Bearer …`; a stream also takes a ticket, for browsers cannot set
 * that header there.
 */
import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { idSchema } from '../../contract/ids.js'
import { addImpliedScopes, localTenant, type Scope, scopeSchema } from '../../contract/key.js'
import type { Limits } from '../../contract/limits.js'
import { Problem } from '../../contract/problems.js'
import { fingerprint, readKey } from '../../training/key-text.js'
import type { KeyStore, KnownKey } from '../../training/ports/keys.js'
import type { TicketStore } from '../../training/ports/stream-tickets.js'
import type { Caller } from '../caller.js'
import type { FailedAuthentications } from '../failed-authentications.js'
import type { KeyWatch } from '../key-watch.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key must be allowed to do; `any` for every key, `public` for everybody. */
    scope?: Scope | 'any' | 'public'
    /** Whether `?ticket=` does instead of a key. */
    takesTicket?: boolean
    /** Begins what the route will wait for, while the key is looked up; not called for what cannot be a key. */
    ahead?: (request: FastifyRequest) => void
  }
}

/** For the routes of `app`, where a library adds them. */
export function makePublic(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, scope: 'public' }
  })
}

export interface Authentication {
  keys: Pick<KeyStore, 'find'>
  tickets: Pick<TicketStore, 'use'>
  keyWatch: Pick<KeyWatch, 'isOpen' | 'localLimits'>
  failedAuthentications: FailedAuthentications
  /** Of tenants that have none of their own. */
  settings: Limits
}

const everyScope: ReadonlySet<Scope> = new Set(scopeSchema.options)

/** Must be called before any route is added. */
export function authenticate(
  app: FastifyInstance,
  { keys, tickets, keyWatch, failedAuthentications, settings }: Authentication,
): void {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => void routes.push(route))
  app.addHook('onReady', (done) => {
    const missing = routes.filter((route) => route.config?.scope === undefined)
    const names = missing.map((route) => `${route.method} ${route.url}`).join(', ')
    done(missing.length === 0 ? undefined : new Error(`No scope is declared for ${names}`))
  })

  app.decorateRequest('caller', null)
  app.addHook('onRequest', (request, reply, done) => {
    const { scope, takesTicket = false, ahead } = request.routeOptions.config
    if (request.is404 || scope === undefined || scope === 'public') return done()
    const enter = (caller: Caller) => {
      request.caller = caller
      done()
    }
    // Without a promise where there is nothing to wait for.
    if (!takesTicket && keyWatch.isOpen && request.headers.authorization === undefined) {
      ahead?.(request)
      enter(keylessCaller())
    } else identify(request, reply, { scope, takesTicket }).then(enter, done)
  })

  async function identify(
    request: FastifyRequest,
    reply: FastifyReply,
    { scope, takesTicket }: { scope: Scope | 'any'; takesTicket: boolean },
  ): Promise<Caller> {
    const ofTicket = takesTicket ? await byTicket(request, reply) : null
    const caller = ofTicket ?? (await byKey(request, reply))
    if (scope !== 'any') demandScope(caller, reply, scope)
    return caller
  }

  let keyless: Caller | null = null

  /** The caller of requests without a key while the service is open. */
  function keylessCaller(): Caller {
    const own = keyWatch.localLimits
    if (keyless?.limits.own !== own) {
      keyless = { tenantId: localTenant, keyId: null, scopes: everyScope, limits: { settings, own } }
    }
    return keyless
  }

  async function byTicket(request: FastifyRequest, reply: FastifyReply): Promise<Caller | null> {
    const ticket = readTicket(request)
    if (ticket === null) return null
    const sha256 = fingerprint(ticket.text)
    failedAuthentications.check(request, reply, sha256)
    // The address is not validated yet, and may hold what the database does not take.
    const isOfStream = ticket.jobId === null || idSchema('job').safeParse(ticket.jobId).success
    const used = isOfStream ? await tickets.use(sha256, ticket.jobId) : null
    if (used === null || (used.keyId === null && !keyWatch.isOpen)) {
      failedAuthentications.wrong(request, sha256)
      throw new Problem('unauthorized', 'The ticket is unknown, used already, or older than 30 seconds.')
    }
    const { ownLimits, ...caller } = used
    return { ...caller, limits: { settings, own: ownLimits }, scopes: new Set<Scope>(['jobs:read']) }
  }

  async function byKey(request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
    const { authorization } = request.headers
    if (authorization === undefined) {
      if (keyWatch.isOpen) return keylessCaller()
      throw refused(reply, '', 'Send a key in the header authorization: Bearer ….')
    }
    const [, text] = /^Bearer +(\S+) *$/i.exec(authorization) ?? []
    const given = readKey(text ?? '')
    failedAuthentications.check(request, reply, given?.sha256 ?? null)
    if (given === null) {
      failedAuthentications.wrong(request, null)
      throw refused(reply, invalidToken, 'The authorization header does not contain a key.')
    }
    request.routeOptions.config.ahead?.(request)
    const key = await keys.find(given.id)
    if (key === null || !isSame(key.sha256, given.sha256)) {
      failedAuthentications.wrong(request, given.sha256)
      throw refused(reply, invalidToken, 'The key is unknown, revoked or expired.')
    }
    failedAuthentications.right(given.sha256)
    return callerWith(key)
  }

  const callers = new WeakMap<KnownKey, Caller>()

  function callerWith(key: KnownKey): Caller {
    const known = callers.get(key)
    if (known !== undefined) return known
    const { tenantId, id: keyId, scopes, ownLimits } = key
    const caller = { tenantId, keyId, scopes: addImpliedScopes(scopes), limits: { settings, own: ownLimits } }
    callers.set(key, caller)
    return caller
  }
}

/** Throws Problem `forbidden` unless the caller's key has this scope. */
export function demandScope({ scopes }: Caller, reply: FastifyReply, scope: Scope): void {
  if (scopes.has(scope)) return
  reply.header('www-authenticate', `Bearer realm="descent", error="insufficient_scope", scope="${scope}"`)
  throw new Problem('forbidden', `This requires a key with the scope ${scope}.`)
}

const invalidToken = ', error="invalid_token"'

/** RFC 6750, section 3. */
function refused(reply: FastifyReply, reason: string, detail: string): Problem {
  reply.header('www-authenticate', `Bearer realm="descent"${reason}`)
  return new Problem('unauthorized', detail)
}

/** Takes as long whatever the texts are; both are SHA-256 in hexadecimal. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one, 'hex'), Buffer.from(other, 'hex'))
}

/** Before the request is validated. */
function readTicket({ query, params }: FastifyRequest): { text: string; jobId: string | null } | null {
  const text = textIn(query, 'ticket')
  return text === null ? null : { text, jobId: textIn(params, 'id') }
}

function textIn(values: unknown, name: string): string | null {
  if (typeof values !== 'object' || values === null) return null
  const value: unknown = Object.entries(values).find(([key]) => key === name)?.[1]
  return typeof value === 'string' ? value : null
}
