import type { FastifyReply } from 'fastify'
import { Problem } from '../contract/problems.js'

/** Aborts when the client goes before it has its answer. */
export function departure(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) {
      gone.abort(new Problem('invalid-request', 'The client went away before it had its answer.'))
    }
  })
  return gone.signal
}
