import type { FastifyReply } from 'fastify'
import { Problem } from '../contract/problems.js'

/** The answer of a request whose client has disconnected. It is logged, but never received. */
export const disconnectProblem = () =>
  new Problem('invalid-request', 'The client disconnected before the response was sent.')

/** Aborts when the client disconnects before the response is complete. */
export function disconnectSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(disconnectProblem())
  })
  return controller.signal
}
