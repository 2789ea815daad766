/** A WebSocket of the service that connects again, with a new ticket where there is a key, until it is closed for good. */
import { Refusal } from './client.js'
import { currentKey } from './key.js'

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'ended' | 'refused'

export interface Handlers {
  path: string
  /** Asked at every connection, so that it can say where to go on. */
  query(): Record<string, string>
  protocols?: string[]
  ticket(): Promise<string>
  /** Messages can be sent from now on. */
  opened?(): void
  message(data: string | ArrayBuffer): void
  connection(state: Connection): void
}

export interface LastingSocket {
  /** Whether a message can be sent now. */
  readonly isOpen: boolean
  send(message: object): void
  /** Until then it connects again. */
  close(): void
}

const firstWait = 250
const longestWait = 5_000
/** Closed by the service for good: the job is gone, or this page may not watch it. */
const refused = 1008

/** A ticket is refused for good when the key is no good, may not watch, or the job is gone. */
const isFinal = (error: unknown) => error instanceof Refusal && [401, 403, 404].includes(error.status)

export function openLastingSocket(handlers: Handlers): LastingSocket {
  let wait = firstWait
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let socket: WebSocket | undefined

  async function connect(): Promise<void> {
    const query = new URLSearchParams(handlers.query())
    // A key never stands in an address.
    if (currentKey() !== undefined) query.set('ticket', await handlers.ticket())
    if (stopped) return
    const origin = location.origin.replace(/^http/, 'ws')
    socket = new WebSocket(`${origin}${handlers.path}?${query}`, handlers.protocols)
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => handlers.opened?.()
    socket.onmessage = ({ data }) => {
      wait = firstWait
      handlers.connection('live')
      handlers.message(data)
    }
    socket.onclose = ({ code }) => {
      if (stopped) return
      if (code === refused) handlers.connection('refused')
      else again()
    }
  }

  function again(): void {
    handlers.connection('reconnecting')
    timer = setTimeout(open, wait)
    wait = Math.min(longestWait, 2 * wait)
  }

  function open(): void {
    connect().catch((error) => {
      if (stopped) return
      if (isFinal(error)) handlers.connection('refused')
      else again()
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
