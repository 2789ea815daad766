/** Watches a job over its WebSocket: connects again behind the last epoch seen, so that no epoch is missed or told twice. */
import { epochsProtocol, readEpochFrame } from './epoch-frame.js'
import { type Connection, openLastingSocket } from './lasting-socket.js'
import { ticketFor } from './tickets.js'
import type { Boundary, Epoch, Job, StreamMessage } from './types.js'

export interface Watcher {
  job(job: Job): void
  epochs(epochs: Epoch[]): void
  boundary(frame: Boundary): void
  connection(state: Connection): void
}

/** Until the returned function is called, or the job has ended. */
export function watchJob(id: string, watcher: Watcher, boundary?: number): () => void {
  let last = 0

  function receiveEpochs(epochs: Epoch[]): void {
    const fresh = epochs.filter(({ epoch }) => epoch > last)
    last = epochs.at(-1)?.epoch ?? last
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

  const socket = openLastingSocket({
    path: `/jobs/${encodeURIComponent(id)}/stream`,
    query: () => ({
      after: String(last),
      ...(boundary === undefined ? {} : { boundary: String(boundary) }),
    }),
    protocols: [epochsProtocol],
    ticket: () => ticketFor(id),
    message: (data) =>
      data instanceof ArrayBuffer ? receiveEpochs(readEpochFrame(data)) : receive(JSON.parse(data)),
    connection: (state) => watcher.connection(state),
  })
  return () => socket.close()
}
