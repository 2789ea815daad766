import type { FastifyReply } from 'fastify'
import { Problem } from '../contract/problems.js'

/** Nobody gets it as an answer. */
export const departed = () =>
  new Problem('invalid-request', 'The client disconnected before it was answered.')

/** Aborts when the client goes before it has its answer. */
export function departure(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(departed())
  })
  return gone.signal
}
