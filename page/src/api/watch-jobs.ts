/** Watches many jobs on one connection, which opens with the first watched job. */
import { openReconnectingSocket, type ReconnectingSocket } from './reconnecting-socket.js'
import { requestJobsTicket } from './tickets.js'
import type { ClientMessage, Job, JobsStreamMessage } from './types.js'

interface JobsWatcher {
  /** Called with the current state of a job. */
  job(job: Job): void
  /** Called when a job was deleted. */
  deleted(id: string): void
}

export interface JobsStream {
  /** Replaces the set of watched jobs. At most 1,000. */
  watch(ids: readonly string[]): void
  close(): void
}

const maxJobs = 1_000
/** Keeps a message below the limit of 16 KiB. */
const jobsPerMessage = 200

export function watchJobs(watcher: JobsWatcher): JobsStream {
  let watched = new Set<string>()
  let socket: ReconnectingSocket | undefined

  function sendIds(type: ClientMessage['type'], ids: readonly string[]): void {
    for (let start = 0; start < ids.length; start += jobsPerMessage) {
      const chunk = ids.slice(start, start + jobsPerMessage)
      const message: ClientMessage =
        type === 'watch' ? { type, jobs: chunk.map((id) => ({ id })) } : { type, jobs: chunk }
      socket?.send(message)
    }
  }

  function receive(message: JobsStreamMessage): void {
    switch (message.type) {
      case 'job':
        watcher.job(message.job)
        break
      case 'end':
        watched.delete(message.jobId)
        watcher.job(message.job)
        break
      case 'problem':
        if (message.jobId === null) break
        watched.delete(message.jobId)
        watcher.deleted(message.jobId)
        break
      case 'epochs':
        break
      default:
        message satisfies never
    }
  }

  const open = () =>
    openReconnectingSocket({
      path: '/stream',
      query: () => ({ epochs: 'false' }),
      ticket: requestJobsTicket,
      opened: () => sendIds('watch', [...watched]),
      message: (data) => {
        if (typeof data === 'string') receive(JSON.parse(data))
      },
      connection: () => {},
    })

  return {
    watch(ids) {
      const before = watched
      watched = new Set(ids.slice(0, maxJobs))
      if (watched.size > 0) socket ??= open()
      if (!socket?.isOpen) return
      sendIds(
        'unwatch',
        [...before].filter((id) => !watched.has(id)),
      )
      sendIds(
        'watch',
        [...watched].filter((id) => !before.has(id)),
      )
    },
    close: () => socket?.close(),
  }
}
