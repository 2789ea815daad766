/** Follows the progress of many jobs on one connection, which is opened when there is one to follow. */
import { type LastingSocket, openLastingSocket } from './lasting-socket.js'
import { ticketForMany } from './tickets.js'
import type { ClientMessage, Job, JobsStreamMessage } from './types.js'

export interface JobsWatcher {
  /** As a job is now. */
  job(job: Job): void
  /** It was deleted. */
  gone(id: string): void
}

export interface JobsStream {
  /** Follows these jobs from now on, and no others; at most 1,000. */
  follow(ids: readonly string[]): void
  close(): void
}

const mostJobs = 1_000
/** A message must not be larger than 16 KiB. */
const jobsPerMessage = 200

export function watchJobs(watcher: JobsWatcher): JobsStream {
  let followed = new Set<string>()
  let socket: LastingSocket | undefined

  function say(type: ClientMessage['type'], ids: readonly string[]): void {
    for (let place = 0; place < ids.length; place += jobsPerMessage) {
      const part = ids.slice(place, place + jobsPerMessage)
      const message: ClientMessage =
        type === 'watch' ? { type, jobs: part.map((id) => ({ id })) } : { type, jobs: part }
      socket?.send(message)
    }
  }

  function receive(message: JobsStreamMessage): void {
    switch (message.type) {
      case 'job':
        watcher.job(message.job)
        break
      case 'end':
        followed.delete(message.jobId)
        watcher.job(message.job)
        break
      case 'problem':
        if (message.jobId === null) break
        followed.delete(message.jobId)
        watcher.gone(message.jobId)
        break
      case 'epochs':
        break
      default:
        message satisfies never
    }
  }

  const open = () =>
    openLastingSocket({
      path: '/stream',
      query: () => ({ epochs: 'false' }),
      ticket: ticketForMany,
      opened: () => say('watch', [...followed]),
      message: (data) => {
        if (typeof data === 'string') receive(JSON.parse(data))
      },
      connection: () => {},
    })

  return {
    follow(ids) {
      const before = followed
      followed = new Set(ids.slice(0, mostJobs))
      if (followed.size > 0) socket ??= open()
      if (!socket?.isOpen) return
      say(
        'unwatch',
        [...before].filter((id) => !followed.has(id)),
      )
      say(
        'watch',
        [...followed].filter((id) => !before.has(id)),
      )
    },
    close: () => socket?.close(),
  }
}
