/** The status of a run and of its connection. */
import type { Connection } from '../api/read-stream.js'
import type { JobStatus } from '../api/types.js'

export function StatusPill({ status }: { status: JobStatus }) {
  return <span class={`pill ${status}`}>{status}</span>
}

const connectionTexts: Record<Connection, string> = {
  connecting: 'connecting',
  live: 'live',
  reconnecting: 'connection lost, reconnecting',
  ended: 'complete',
  rejected: 'deleted, or no permission to watch',
}

export function ConnectionNote({ connection }: { connection: Connection }) {
  return (
    <span class={`connection ${connection}`} role="status">
      {connectionTexts[connection]}
    </span>
  )
}
