/** Follows a stream of the service over as many connections as it takes. */
import { delayBefore, sleep } from './backoff.js'
import { ApiError, ConnectionError } from './errors.js'
import { eventMessages } from './event-messages.js'
import type { Route } from './routes.js'
import { type Connection, socketMessages } from './socket-messages.js'
import type { Transport } from './transport.js'

export interface StreamOptions {
  /** Ends the stream, which then throws the reason of the signal. */
  signal?: AbortSignal
  /** Called when a connection is tried, opens, or is lost. */
  onConnection?: (state: ConnectionState) => void
}

export type ConnectionState = 'connecting' | 'live' | 'reconnecting'

interface Source<Message> {
  route: Extract<Route, `GET ${string}stream`>
  path?: { id: string }
  /** Called for each connection: continues after what was read. */
  query: (isSocket: boolean) => Record<string, string>
  /** Called when a connection is open. @param send writes to the service, over a WebSocket only */
  opened?: (send?: (message: object) => void) => void
  /** Subprotocol of the WebSocket. */
  protocol?: string
  ticket: 'POST /jobs/{id}/stream-tickets' | 'POST /stream-tickets'
  /** @throws ApiError if the message is a refusal. The connection then ends. */
  read: (data: string | ArrayBuffer) => Message
}

/**
 * Yields the messages of all connections. Opens the next connection when one ends, until
 * the reader stops. A WebSocket that does not open is followed by server-sent events, which also say why.
 * @throws ApiError for a refusal, ConnectionError without a connection for `streamPatience`, or the reason of the signal
 */
export async function* follow<Message>(
  transport: Transport,
  source: Source<Message>,
  options: StreamOptions,
): AsyncGenerator<Message, never, undefined> {
  const { onConnection } = options
  const signal = transport.signalWith(options.signal)
  let usesSocket = transport.WebSocket !== null
  let lastOpen = Date.now()
  let failures = 0
  onConnection?.('connecting')
  for (;;) {
    let isOpen = false
    const connection: Connection = {
      signal,
      opened(send) {
        isOpen = true
        source.opened?.(send)
        onConnection?.('live')
      },
    }
    let failure: unknown
    try {
      const connected = usesSocket
        ? followSocket(transport, source, connection)
        : followEvents(transport, source, connection)
      for await (const data of connected) {
        const message = source.read(data)
        // Not when the connection opens: one that ends at once should not be opened again at once.
        failures = 0
        yield message
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (isFinal(error)) throw error
      failure = error
    }
    if (isOpen) lastOpen = Date.now()
    else usesSocket = transport.WebSocket !== null && !usesSocket
    if (Date.now() - lastOpen > transport.streamPatience) throw failure
    onConnection?.('reconnecting')
    const delay = delayBefore(++failures, failure instanceof ApiError ? failure.retryAfter : undefined)
    if (delay === undefined) throw failure
    await sleep(delay, signal)
  }
}

async function* followSocket(
  transport: Transport,
  source: Source<unknown>,
  connection: Connection,
): AsyncGenerator<string | ArrayBuffer, void, undefined> {
  const { url, WebSocket } = transport
  if (WebSocket === null) throw new ConnectionError('There is no WebSocket here.')
  const query = new URLSearchParams(source.query(true))
  // A WebSocket of a browser cannot send a key, and addresses end up in logs, so the address carries a ticket.
  if (transport.key() !== undefined) query.set('ticket', await requestTicket(transport, source, connection))
  const path = source.route.slice('GET '.length).replace('{id}', encodeURIComponent(source.path?.id ?? ''))
  const address = `${url.replace(/^http/, 'ws')}${path}?${query}`
  const protocols = source.protocol === undefined ? [] : [source.protocol]
  yield* socketMessages(WebSocket, address, protocols, connection)
}

async function requestTicket(
  transport: Transport,
  source: Source<unknown>,
  { signal }: Connection,
): Promise<string> {
  const call = { path: source.path, signal, retries: 0 }
  const answer = await transport.json(source.ticket, call)
  return answer.ticket
}

async function* followEvents(
  transport: Transport,
  source: Source<unknown>,
  connection: Connection,
): AsyncGenerator<string, void, undefined> {
  const { signal } = connection
  const headers = { accept: 'text/event-stream' }
  const call = { path: source.path, query: source.query(false), headers, signal, retries: 0 }
  yield* eventMessages(await transport.response(source.route, call), connection)
}

/** A refusal that a later attempt meets too. */
function isFinal(error: unknown): boolean {
  if (error instanceof ConnectionError) return false
  return !(error instanceof ApiError) || (error.status < 500 && ![408, 429].includes(error.status))
}
