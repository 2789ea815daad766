/** The state of a run, in a word and a colour. */
import type { Connection } from '../api/lasting-socket.js'
import type { JobStatus } from '../api/types.js'

export function StatusPill({ status }: { status: JobStatus }) {
  return <span class={`pill ${status}`}>{status}</span>
}

const words: Record<Connection, string> = {
  connecting: 'connecting',
  live: 'live',
  reconnecting: 'connection lost, trying again',
  ended: 'complete',
  refused: 'gone, or not yours to watch',
}

export function ConnectionNote({ connection }: { connection: Connection }) {
  return (
    <span class={`connection ${connection}`} role="status">
      {words[connection]}
    </span>
  )
}
