/** Watches a job over its WebSocket. Reconnects after the last received epoch, so that none is missed or repeated. */
import { epochsProtocol, readEpochFrame } from '../../../sdk/src/epoch-frame.js'
import { type Connection, openReconnectingSocket } from './reconnecting-socket.js'
import { requestJobTicket } from './tickets.js'
import type { Boundary, Epoch, Job, StreamMessage } from './types.js'

interface Watcher {
  job(job: Job): void
  epochs(epochs: Epoch[]): void
  boundary(frame: Boundary): void
  connection(state: Connection): void
}

/**
 * Watches until the job ends or the returned function is called.
 * @param boundary points per axis of the boundary frames; none without it
 * @param token of a share link, which reads no weights
 */
export function watchJob(id: string, watcher: Watcher, boundary?: number, token?: string): () => void {
  let lastEpoch = 0

  function receiveEpochs(epochs: Epoch[]): void {
    const fresh = epochs.filter(({ epoch }) => epoch > lastEpoch)
    lastEpoch = epochs.at(-1)?.epoch ?? lastEpoch
    if (fresh.length > 0) watcher.epochs(fresh)
  }

  function receive(message: StreamMessage): void {
    switch (message.type) {
      case 'job':
        watcher.job(message.job)
        break
      case 'epochs':
        receiveEpochs(message.epochs)
        break
      case 'boundary':
        watcher.boundary(message)
        break
      case 'end':
        socket.close()
        watcher.job(message.job)
        watcher.connection('ended')
        break
      default:
        message satisfies never
    }
  }

  const socket = openReconnectingSocket({
    path: `/jobs/${encodeURIComponent(id)}/stream`,
    query: () => ({
      after: String(lastEpoch),
      ...(boundary === undefined ? {} : { boundary: String(boundary) }),
      ...(boundary === undefined || token !== undefined ? {} : { weights: 'true' }),
    }),
    protocols: [epochsProtocol],
    token,
    ticket: () => requestJobTicket(id, token),
    message: (data) =>
      data instanceof ArrayBuffer ? receiveEpochs(readEpochFrame(data)) : receive(JSON.parse(data)),
    connection: (state) => watcher.connection(state),
  })
  return () => socket.close()
}
