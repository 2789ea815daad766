/** Watches a sweep over its WebSocket. Reconnects after the last position, so that no change is missed. */
import { type Connection, openReconnectingSocket } from './reconnecting-socket.js'
import { requestJobsTicket } from './tickets.js'
import type { Sweep, SweepMessage, Trial } from './types.js'

interface Watcher {
  sweep(sweep: Sweep): void
  /** Trials whose status changed. */
  trials(trials: Trial[]): void
  connection(state: Connection): void
}

/**
 * Watches until the sweep ends or the returned function is called.
 * @param isSummary whether trials are not sent
 */
export function watchSweep(id: string, watcher: Watcher, isSummary = false): () => void {
  let position = 0

  function receive(message: SweepMessage): void {
    switch (message.type) {
      case 'sweep':
        watcher.sweep(message.sweep)
        break
      case 'trials':
        position = message.position
        watcher.trials(message.trials)
        break
      case 'end':
        socket.close()
        watcher.sweep(message.sweep)
        watcher.connection('ended')
        break
      default:
        message satisfies never
    }
  }

  const socket = openReconnectingSocket({
    path: `/sweeps/${encodeURIComponent(id)}/stream`,
    query: () => ({ after: String(position), ...(isSummary ? { trials: 'false' } : {}) }),
    ticket: requestJobsTicket,
    message: (data) => receive(JSON.parse(String(data))),
    connection: (state) => watcher.connection(state),
  })
  return () => socket.close()
}
