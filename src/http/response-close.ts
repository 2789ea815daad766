/**
 * The end of a response: it was sent, or its connection closed. A client may send several requests on a connection without
 * a wait (pipelining, RFC 9112, section 9.3.2), and Node emits no `close` on a response that waits for an earlier one.
 */
import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'

/** The listeners of the open responses of each connection. */
const ofConnections = new WeakMap<Socket, Set<() => void>>()

/** Calls the listener once, soon if the response has already ended. */
export function onceClosed(reply: FastifyReply, listener: () => void): void {
  const { raw } = reply
  const connection = connectionOf(reply)
  const end = () => {
    if (connection !== null) ofConnections.get(connection)?.delete(end)
    raw.off('close', end)
    listener()
  }
  if (isClosed(reply)) {
    queueMicrotask(listener)
    return
  }
  raw.once('close', end)
  if (connection !== null) listenersOf(connection).add(end)
}

export const isClosed = (reply: FastifyReply): boolean =>
  reply.raw.closed || connectionOf(reply)?.closed === true

/** Closes the connection, also if the response waits for earlier ones. */
export function closeConnection(reply: FastifyReply): void {
  const end: Socket | ServerResponse = connectionOf(reply) ?? reply.raw
  end.destroy()
}

/** Null for a request of this process itself. */
function connectionOf({ request }: FastifyReply): Socket | null {
  const { socket } = request.raw
  return socket instanceof Socket ? socket : null
}

function listenersOf(connection: Socket): Set<() => void> {
  const known = ofConnections.get(connection)
  if (known !== undefined) return known
  const listeners = new Set<() => void>()
  ofConnections.set(connection, listeners)
  connection.once('close', () => {
    for (const listener of listeners) listener()
  })
  return listeners
}
