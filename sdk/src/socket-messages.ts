/** The messages of one WebSocket connection. */
import { ConnectionError } from './errors.js'

/** The part of a WebSocket that is used. */
interface Socket {
  binaryType: string
  send(data: string): void
  close(): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void
}

export type SocketConstructor = new (url: string, protocols?: string[]) => Socket

export interface Connection {
  signal: AbortSignal | undefined
  /**
   * Called when the connection is open.
   * @param send writes to the service. Server-sent events have none.
   */
  opened(send?: (message: object) => void): void
}

/** A connection that is silent for longer is dropped, because a lost one may never report its end. */
export const mostSilence = 60_000
/** A reader that leaves more unread loses the connection. It reads what has arrived, and continues on another one. */
const mostUnread = 8 * 1024 * 1024

/**
 * Ends with the connection.
 * @throws ConnectionError if it did not open or was silent
 */
export async function* socketMessages(
  WebSocket: SocketConstructor,
  url: string,
  protocols: string[],
  { signal, opened }: Connection,
): AsyncGenerator<string | ArrayBuffer, void, undefined> {
  const queue: (string | ArrayBuffer)[] = []
  let unread = 0
  let state: 'opening' | 'open' | 'refused' | 'ended' | 'silent' = 'opening'
  let wake = () => {}
  const become = (next: typeof state) => {
    if (state === 'opening' || state === 'open') state = next
    wake()
  }
  const socket = new WebSocket(url, protocols)
  socket.binaryType = 'arraybuffer'
  let timer = setTimeout(() => become('silent'), mostSilence)
  const abort = () => become('ended')
  signal?.addEventListener('abort', abort, { once: true })
  socket.addEventListener('open', () => {
    become('open')
    opened((message) => socket.send(JSON.stringify(message)))
  })
  socket.addEventListener('error', () => {})
  socket.addEventListener('close', () => become(state === 'opening' ? 'refused' : 'ended'))
  socket.addEventListener('message', ({ data }) => {
    if (state !== 'open' || !(typeof data === 'string' || data instanceof ArrayBuffer)) return
    clearTimeout(timer)
    timer = setTimeout(() => become('silent'), mostSilence)
    queue.push(data)
    unread += sizeOf(data)
    if (unread <= mostUnread) return wake()
    become('ended')
    socket.close()
  })
  try {
    for (;;) {
      signal?.throwIfAborted()
      const data = queue.shift()
      if (data !== undefined) {
        unread -= sizeOf(data)
        yield data
      } else if (state === 'opening' || state === 'open') {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      } else if (state === 'ended') {
        return
      } else {
        throw new ConnectionError(
          state === 'silent'
            ? `The stream sent nothing for ${mostSilence / 1_000} s.`
            : 'The WebSocket was not opened.',
        )
      }
    }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    become('ended')
    socket.close()
  }
}

const sizeOf = (data: string | ArrayBuffer) => (typeof data === 'string' ? data.length : data.byteLength)
