/**
 * Requests wait for the turn of their tenant. Requests of public routes, which are cheap, and of routes with separate
 * turns do not wait.
 */
import type {
  FastifyContextConfig,
  FastifyRequest,
  onSendHookHandler,
  preValidationHookHandler,
} from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { type RunsInTurn, TenantTurns } from '../../base/tenant-turns.js'
import { beginRequest, endRequest } from '../../training/slices.js'
import { disconnectSignal } from '../client-disconnect.js'
import { requirePrincipal } from '../principal.js'
import { RequestTurns } from '../request-turns.js'

/** The turns of requests, or those of streams. Times are by performance.now(). */
interface Turns {
  tryBegin(tenantId: string, now: number): boolean
  wait(tenantId: string, signal: AbortSignal): Promise<void>
  /** @param milliseconds since the turn began */
  end(tenantId: string, milliseconds: number, now: number): void
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The handler takes separate turns, at least for these requests, because it receives a file. */
    hasOwnTurns?: boolean | ((request: FastifyRequest) => boolean)
  }
  interface FastifyRequest {
    /** Null before and after the turn of the request. */
    heldTurns: Turns | null
    /** By performance.now(). */
    turnStartedAt: number
  }
}

/** Ends the turn, so that the next request proceeds. Runs before a response is sent; WebSocket handlers call it. */
export function endTurn(request: FastifyRequest): void {
  const turns = request.heldTurns
  if (turns === null) return
  request.heldTurns = null
  endRequest()
  const now = performance.now()
  turns.end(requirePrincipal(request).countedAs, now - request.turnStartedAt, now)
}

/** Turns that a request waits for after its own, which it ends before, because they may take long. */
export const followingTurns = (request: FastifyRequest, turns: RunsInTurn): RunsInTurn => ({
  run(tenantId, work, signal) {
    endTurn(request)
    return turns.run(tenantId, work, signal)
  },
})

/** For the routes that are registered after this plugin. */
export const takeTurns = fastifyPlugin((app, _options, done) => {
  const requests = new RequestTurns()
  // Streams have separate turns, because they stay open.
  const openings = new TenantTurns({
    what: 'streams that open',
    atOnce: 16,
    perTenant: 12,
    seconds: 30,
    mostWaiting: Number.POSITIVE_INFINITY,
  })
  app.decorateRequest('heldTurns', null)
  app.decorateRequest('turnStartedAt', 0)
  app.addHook('onRoute', (route) => {
    const { scope = 'public', isStream = false, hasOwnTurns = false } = route.config ?? {}
    if (scope === 'public' || hasOwnTurns === true) return
    // The body is complete before validation, so a slow client holds no turn.
    const turns = isStream ? openings : requests
    route.preValidation = [takeTurn(turns, hasOwnTurns), route.preValidation ?? []].flat()
    route.onSend = [route.onSend ?? [], endTurnOnSend].flat()
  })
  done()
})

const takeTurn =
  (turns: Turns, hasOwnTurns: FastifyContextConfig['hasOwnTurns']): preValidationHookHandler =>
  (request, reply, done) => {
    if (typeof hasOwnTurns === 'function' && hasOwnTurns(request)) return done()
    const { countedAs } = requirePrincipal(request)
    const now = performance.now()
    if (turns.tryBegin(countedAs, now)) {
      startTurn(request, turns, now)
      return done()
    }
    turns.wait(countedAs, disconnectSignal(reply)).then(() => {
      startTurn(request, turns, performance.now())
      done()
    }, done)
  }

/** A disconnect does not end the turn, because the server still works on the request. */
const endTurnOnSend: onSendHookHandler = (request, _reply, _payload, done) => {
  endTurn(request)
  done()
}

function startTurn(request: FastifyRequest, turns: Turns, now: number): void {
  request.heldTurns = turns
  beginRequest(now)
  request.turnStartedAt = now
  // A failed upgrade sends no response.
  if (request.ws) request.raw.socket.once('close', () => endTurn(request))
}
