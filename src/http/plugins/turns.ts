/**
 * Requests proceed when the turn of their tenant has come. Requests of public routes, which cost next to nothing, and of
 * routes with separate turns proceed at once.
 */
import type { FastifyInstance, FastifyRequest, onSendHookHandler, preValidationHookHandler } from 'fastify'
import { beginRequest, endRequest } from '../../training/slices.js'
import { TenantTurns } from '../../training/tenant-turns.js'
import { callerOf } from '../caller.js'
import { departure } from '../departure.js'
import { RequestTurns } from '../request-turns.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its requests take long for other reasons than the event loop and the database, and wait for turns elsewhere. */
    hasOwnTurns?: boolean
  }
  interface FastifyRequest {
    /** Null before the turn of the request, and after its end. */
    heldTurns: RequestTurns | TenantTurns | null
    /** By performance.now(). */
    turnBeganAt: number
  }
}

/** Lets the next request proceed. Sending an answer calls it; a WebSocket has to call it once it is open. */
export function endTurn(request: FastifyRequest): void {
  const turns = request.heldTurns
  if (turns === null) return
  request.heldTurns = null
  endRequest()
  turns.end(callerOf(request).tenantId, performance.now() - request.turnBeganAt)
}

/** For the routes that are added afterwards. */
export function takeTurns(app: FastifyInstance): void {
  const requests = new RequestTurns()
  // The openings of streams have separate turns, because a stream lasts.
  const openings = new TenantTurns({
    what: 'streams that open',
    atOnce: 16,
    perTenant: 12,
    seconds: 30,
    mostWaiting: Number.POSITIVE_INFINITY,
  })
  app.decorateRequest('heldTurns', null)
  app.decorateRequest('turnBeganAt', 0)
  app.addHook('onRoute', (route) => {
    const { scope = 'public', isStream = false, hasOwnTurns = false } = route.config ?? {}
    if (scope === 'public' || hasOwnTurns) return
    // The body has arrived before the validation, so a slow client delays nobody.
    route.preValidation = [takeTurn(isStream ? openings : requests), route.preValidation ?? []].flat()
    route.onSend = [route.onSend ?? [], endTurnOnSend].flat()
  })
}

const takeTurn =
  (turns: RequestTurns | TenantTurns): preValidationHookHandler =>
  (request, reply, done) => {
    const { tenantId } = callerOf(request)
    if (turns.tryBegin(tenantId)) {
      beginTurn(request, turns)
      return done()
    }
    turns.wait(tenantId, departure(reply)).then(() => {
      beginTurn(request, turns)
      done()
    }, done)
  }

/** Not when the client disconnects, because the server still works on its request. */
const endTurnOnSend: onSendHookHandler = (request, _reply, _payload, done) => {
  endTurn(request)
  done()
}

function beginTurn(request: FastifyRequest, turns: RequestTurns | TenantTurns): void {
  request.heldTurns = turns
  beginRequest()
  request.turnBeganAt = performance.now()
  // A failed upgrade has no answer.
  if (request.ws) request.raw.socket.once('close', () => endTurn(request))
}
