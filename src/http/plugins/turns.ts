/**
 * Lets requests go on when the turn of their tenant has come. Those of public routes, which cost next to nothing, and of
 * routes with turns of their own go on at once.
 */
import type { FastifyInstance } from 'fastify'
import { TenantTurns } from '../../training/tenant-turns.js'
import { departure } from '../departure.js'
import { RequestTurns } from '../request-turns.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its requests last long for other reasons than the event loop and the database, and wait for turns elsewhere. */
    hasOwnTurns?: boolean
  }
  interface FastifyRequest {
    /** Lets the next go on; called when the answer is sent, which a WebSocket has to do itself. */
    endTurn(): void
  }
}

const nothing = () => {}

export function takeTurns(app: FastifyInstance): void {
  const requests = new RequestTurns()
  // Streams last, so that only opening them takes turns.
  const openings = new TenantTurns({
    what: 'streams that open',
    atOnce: 16,
    perTenant: 12,
    seconds: 30,
    mostWaiting: Number.POSITIVE_INFINITY,
  })
  app.decorateRequest('endTurn', nothing)

  // Bodies have arrived by then: a slow client holds up nobody.
  app.addHook('preValidation', (request, reply, done) => {
    const { caller } = request
    const { isStream = false, hasOwnTurns = false } = request.routeOptions.config
    if (caller === null || hasOwnTurns) return done()
    const { tenantId } = caller
    const turns = isStream ? openings : requests
    const begin = () => {
      const begun = performance.now()
      request.endTurn = () => {
        request.endTurn = nothing
        turns.end(tenantId, performance.now() - begun)
      }
      // An upgrade that fails is not answered.
      if (request.ws) request.raw.socket.once('close', () => request.endTurn())
      done()
    }
    if (turns.tryBegin(tenantId)) begin()
    else turns.wait(tenantId, departure(reply)).then(begin, done)
  })

  // Not when the client is gone, for what it asked for is still worked at.
  app.addHook('onSend', (request, _reply, _payload, done) => {
    request.endTurn()
    done()
  })
}
