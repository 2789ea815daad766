/**
 * Ends a connection whose request is answered before its body has arrived. The kernel resets a connection that is closed
 * while the client sends, and the client may lose the answer. So the server ends its side, discards what arrives, and
 * closes when the client has ended its own side (RFC 9112, section 9.6).
 */
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/** A client that still sends is cut off. */
const lingeringMilliseconds = 2_000

export const lingeringClose = fastifyPlugin((app, _options, done) => {
  app.addHook('onSend', (request, reply, payload, next) => {
    if (!request.raw.complete && reply.getHeader('connection') === 'close') linger(request, reply)
    next(null, payload)
  })
  done()
})

/** Lets the connection close after the response if the rest of the body will not be read. */
export function closeUnlessReceived({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (!raw.complete) reply.header('connection', 'close')
}

/** Replaces what Node calls after the last byte of the response. */
function linger({ raw }: FastifyRequest, { raw: response }: FastifyReply): void {
  const { socket } = response
  // The client is gone.
  if (socket === null) return
  socket.destroySoon = () => {
    socket.end()
    raw.unpipe()
    raw.resume()
    cutOff(socket)
  }
}

function cutOff(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), lingeringMilliseconds)
  socket.once('end', () => socket.destroy())
  socket.once('close', () => clearTimeout(timer))
}
