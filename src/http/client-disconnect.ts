import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../contract/problems.js'
import { onceClosed } from './response-close.js'

/** The answer of a request whose client has disconnected. It is logged, but never received. */
export const disconnectProblem = () =>
  new Problem('invalid-request', 'The client disconnected before the response was sent.')

/** Aborts when the client disconnects before the response is complete. */
export function disconnectSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  onceClosed(reply, () => {
    if (!reply.raw.writableFinished) controller.abort(disconnectProblem())
  })
  return controller.signal
}

/** Runs work before there is a reply. The signal aborts when the client disconnects. */
export async function whileConnected<T>(
  { raw: { socket } }: FastifyRequest,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const abort = () => controller.abort(disconnectProblem())
  socket.once('close', abort)
  try {
    return await work(controller.signal)
  } finally {
    socket.off('close', abort)
  }
}
