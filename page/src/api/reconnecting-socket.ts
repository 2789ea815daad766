/** A WebSocket that reconnects, each time with a new ticket if one is needed, until it is closed or rejected. */
import { ApiError } from './client.js'
import { currentKey } from './key.js'

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'ended' | 'rejected'

interface Handlers {
  path: string
  /** Called for every connection, so that it can return the position to resume from. */
  query(): Record<string, string>
  protocols?: string[]
  /** Of a share link, which is used instead of the key. */
  token?: string | undefined
  ticket(): Promise<string>
  /** Called when messages can be sent. */
  opened?(): void
  message(data: string | ArrayBuffer): void
  connection(state: Connection): void
}

export interface ReconnectingSocket {
  /** Whether a message can be sent now. */
  readonly isOpen: boolean
  send(message: object): void
  /** Closes the socket and stops reconnecting. */
  close(): void
}

const minDelay = 250
const maxDelay = 5_000
/** Close code for a job that was deleted or that this page may not watch. */
const policyViolation = 1008

/** The key is invalid or lacks permission, or the job was deleted. A retry cannot succeed. */
const isPermanent = (error: unknown) => error instanceof ApiError && [401, 403, 404].includes(error.status)

export function openReconnectingSocket(handlers: Handlers): ReconnectingSocket {
  let delay = minDelay
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let socket: WebSocket | undefined

  async function connect(): Promise<void> {
    const query = new URLSearchParams(handlers.query())
    // URLs end up in logs, so they carry a ticket instead of the key.
    if ((handlers.token ?? currentKey()) !== undefined) query.set('ticket', await handlers.ticket())
    if (stopped) return
    const origin = location.origin.replace(/^http/, 'ws')
    socket = new WebSocket(`${origin}${handlers.path}?${query}`, handlers.protocols)
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => handlers.opened?.()
    socket.onmessage = ({ data }) => {
      delay = minDelay
      handlers.connection('live')
      handlers.message(data)
    }
    socket.onclose = ({ code }) => {
      if (stopped) return
      if (code === policyViolation) handlers.connection('rejected')
      else reconnect()
    }
  }

  function reconnect(): void {
    handlers.connection('reconnecting')
    timer = setTimeout(open, delay)
    delay = Math.min(maxDelay, 2 * delay)
  }

  function open(): void {
    connect().catch((error) => {
      if (stopped) return
      if (isPermanent(error)) handlers.connection('rejected')
      else reconnect()
    })
  }

  handlers.connection('connecting')
  open()
  return {
    get isOpen() {
      return socket?.readyState === WebSocket.OPEN
    },
    send: (message) => socket?.send(JSON.stringify(message)),
    close() {
      stopped = true
      clearTimeout(timer)
      socket?.close()
    },
  }
}
