/** Raw HTTP requests, with control over every byte. */
import { once } from 'node:events'
import { type IncomingMessage, request as openRequest } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'

export interface Request {
  /** GET, or POST with a body. */
  method?: string
  /** Sent without escaping. */
  path: string
  /** Sent with content-length if it is complete, otherwise in chunks. */
  body?: string | Uint8Array | AsyncIterable<Uint8Array>
  /** The type of the body, application/json by default. */
  type?: string
  headers?: Record<string, string>
}

export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  text: string
}

/** The response may arrive, and the connection end, before the whole body is sent. */
export async function send(url: string, { method, path, body, type, headers }: Request): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const contentType = body === undefined ? {} : { 'content-type': type ?? 'application/json' }
  const outgoing = openRequest({
    hostname,
    port,
    path,
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...contentType, ...headers },
  })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.on('error', reject)
  })
  // Handled where the response is awaited.
  answered.catch(() => {})
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) outgoing.end(body)
  else void pour(body, outgoing, answered)
  const incoming = await answered
  const answer = {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    // A stream does not end.
    text: incoming.headers['content-type'] === 'text/event-stream' ? '' : await text(incoming),
  }
  outgoing.destroy()
  return answer
}

async function pour(
  body: AsyncIterable<Uint8Array>,
  to: ReturnType<typeof openRequest>,
  answered: Promise<unknown>,
): Promise<void> {
  let over = false
  const end = answered.then(
    () => {
      over = true
    },
    () => {
      over = true
    },
  )
  for await (const chunk of body) {
    // Reads between writes: a write to a connection that the server closed loses a response that is not yet read.
    await turn()
    if (over) return
    if (!to.write(chunk)) await Promise.race([once(to, 'drain').catch(() => {}), end])
  }
  to.end()
}

/** Sends bytes that may not be HTTP, with a pause between the pieces, and returns the response. */
export async function sendBytes(url: string, pieces: readonly string[], pause = 20): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  const received = text(socket)
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await sleep(pause)
    socket.write(piece, 'latin1')
  }
  const [head, ...rest] = (await received).split('\r\n\r\n')
  const [first, ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  return { status: Number(first.split(' ')[1]), headers, text: rest.join('\r\n\r\n') }
}

/** Sends a part of a request and resets the connection. */
export async function sendAndLeave(url: string, bytes: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  await new Promise<void>((resolve) => socket.write(bytes, 'latin1', () => resolve()))
  await sleep(100)
  socket.resetAndDestroy()
}
