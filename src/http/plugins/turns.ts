/** Lets requests go on when the turn of their tenant has come; those of routes with turns of their own, and public ones, at once. */
import type { FastifyInstance } from 'fastify'
import { departure } from '../departure.js'
import { RequestTurns } from '../request-turns.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its requests last long for other reasons than the event loop and the database, and wait for turns elsewhere. */
    hasOwnTurns?: boolean
  }
  interface FastifyRequest {
    /** When it went on; null of one that takes no turn or has ended it. */
    turnBegan: number | null
  }
}

/** Bodies have arrived by then: a slow client holds up nobody. */
export function takeTurns(app: FastifyInstance): void {
  const turns = new RequestTurns()
  app.decorateRequest('turnBegan', null)

  app.addHook('preValidation', (request, reply, done) => {
    const { caller } = request
    const { isStream = false, hasOwnTurns = false } = request.routeOptions.config
    if (caller === null || isStream || hasOwnTurns) return done()
    const begin = () => {
      request.turnBegan = performance.now()
      done()
    }
    if (turns.tryBegin(caller.tenantId)) begin()
    else turns.wait(caller.tenantId, departure(reply)).then(begin, done)
  })

  // Not when the client is gone, for what it asked for is still worked at.
  app.addHook('onSend', (request, _reply, _payload, done) => {
    const { caller, turnBegan } = request
    if (caller !== null && turnBegan !== null) {
      request.turnBegan = null
      turns.end(caller.tenantId, performance.now() - turnBegan)
    }
    done()
  })
}
