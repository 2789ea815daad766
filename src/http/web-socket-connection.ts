/** Connection handling of the stream WebSockets: subprotocol, keep-alive pings and close frames. */
import type { WebSocket } from 'ws'
import { epochsProtocol } from '../contract/stream.js'
import type { WatchEnd } from '../live/watch.js'

/** Code (RFC 6455, section 7.4; 1012: service restart) and reason for each end of a watch. */
export const closeFrames: Record<WatchEnd | 'refused', [number, string]> = {
  refused: [1008, 'the key or share link was revoked or has expired'],
  ended: [1000, 'end'],
  deleted: [1008, 'the job was deleted'],
  gone: [1000, 'gone'],
  closing: [1012, 'the service is stopping; reconnect'],
}

/** Accepts the first offered subprotocol if ours is not offered: browsers fail a handshake without one. */
export function selectSubprotocol(offered: ReadonlySet<string>): string | false {
  if (offered.has(epochsProtocol)) return epochsProtocol
  const [first] = offered
  return first ?? false
}

/** Terminates the socket if a ping has no pong when the next ping is due. */
export function keepAlive(socket: WebSocket, pingMilliseconds: number): void {
  let answered = true
  socket.on('pong', () => {
    answered = true
  })
  const timer = setInterval(() => {
    if (!answered) return socket.terminate()
    answered = false
    socket.ping()
  }, pingMilliseconds)
  socket.once('close', () => clearInterval(timer))
}
