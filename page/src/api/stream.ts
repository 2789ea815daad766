/** Watches a job over its WebSocket: connects again behind the last epoch seen, so that no epoch is missed or told twice. */
import { Refusal } from './client.js'
import { currentKey } from './key.js'
import { ticketFor } from './tickets.js'
import type { Boundary, Epoch, Job, StreamMessage } from './types.js'

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'ended' | 'refused'

export interface Watcher {
  job(job: Job): void
  epochs(epochs: Epoch[]): void
  boundary(frame: Boundary): void
  connection(state: Connection): void
}

const firstWait = 250
const longestWait = 5_000
/** Closed by the service for good: the job is gone, or this page may not watch it. */
const refused = 1008

/** A ticket is refused for good when the key is no good, may not watch, or the job is gone. */
const isFinal = (error: unknown) => error instanceof Refusal && [401, 403, 404].includes(error.status)

/** Until the returned function is called, or the job has ended. */
export function watchJob(id: string, watcher: Watcher, boundary?: number): () => void {
  let last = 0
  let wait = firstWait
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let socket: WebSocket | undefined

  function receive(message: StreamMessage): void {
    switch (message.type) {
      case 'job':
        watcher.job(message.job)
        break
      case 'epochs': {
        const fresh = message.epochs.filter(({ epoch }) => epoch > last)
        last = message.epochs.at(-1)?.epoch ?? last
        if (fresh.length > 0) watcher.epochs(fresh)
        break
      }
      case 'boundary':
        watcher.boundary(message)
        break
      case 'end':
        stopped = true
        watcher.job(message.job)
        watcher.connection('ended')
        break
      default:
        message satisfies never
    }
  }

  async function connect(): Promise<void> {
    const query = new URLSearchParams({ after: String(last) })
    if (boundary !== undefined) query.set('boundary', String(boundary))
    // A key never stands in an address.
    if (currentKey() !== undefined) query.set('ticket', await ticketFor(id))
    if (stopped) return
    const origin = location.origin.replace(/^http/, 'ws')
    socket = new WebSocket(`${origin}/jobs/${encodeURIComponent(id)}/stream?${query}`)
    socket.onmessage = ({ data }) => {
      wait = firstWait
      watcher.connection('live')
      receive(JSON.parse(data))
    }
    socket.onclose = ({ code }) => {
      if (stopped) return
      if (code === refused) watcher.connection('refused')
      else again()
    }
  }

  function again(): void {
    watcher.connection('reconnecting')
    timer = setTimeout(open, wait)
    wait = Math.min(longestWait, 2 * wait)
  }

  function open(): void {
    connect().catch((error) => {
      if (stopped) return
      if (isFinal(error)) watcher.connection('refused')
      else again()
    })
  }

  watcher.connection('connecting')
  open()
  return () => {
    stopped = true
    clearTimeout(timer)
    socket?.close()
  }
}
