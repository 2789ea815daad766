/** A TCP proxy to a service that cuts connections at any byte, loses answers, or answers itself. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

type Fault =
  /** Cuts the connection after this number of bytes of the service. */
  | { cutAfter: number }
  /** The service gets the request, and its answer is lost. */
  | 'lose answer'
  /** Sends these bytes instead of asking the service. */
  | { answer: string }
  /** Accepts the request and never answers. */
  | 'silence'

export interface FaultyProxy {
  url: string
  /** Connections with a request so far. */
  readonly connections: number
  /** The faults of the next connections. Later ones have none. */
  fail(...faults: Fault[]): void
  close(): void
}

/** @param target called for each connection, so that it may change */
export async function openFaultyProxy(target: () => string): Promise<FaultyProxy> {
  const sockets = new Set<Socket>()
  let faults: Fault[] = []
  let connections = 0
  const server = createServer((client) => {
    const { hostname, port } = new URL(target())
    const upstream = connect(Number(port), hostname)
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        sockets.delete(socket)
        end()
      })
    }
    let fault: Fault | undefined
    client.once('data', () => {
      connections++
      fault = faults.shift()
    })
    client.on('data', (bytes) => {
      if (fault === 'silence') return
      if (typeof fault === 'object' && 'answer' in fault) client.end(fault.answer)
      else upstream.write(bytes)
    })
    let sent = 0
    upstream.on('data', (bytes) => {
      if (fault === 'lose answer') return end()
      const left = typeof fault === 'object' && 'cutAfter' in fault ? fault.cutAfter - sent : Infinity
      sent += bytes.length
      if (bytes.length < left) client.write(bytes)
      else client.write(bytes.subarray(0, left), end)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    get connections() {
      return connections
    },
    fail(...next) {
      faults = next
    },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** The bytes of an answer with a JSON body. */
export function rawAnswer(status: number, headers: Record<string, string>, body: object): string {
  const text = JSON.stringify(body)
  const all = { 'content-type': 'application/problem+json', connection: 'close', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} X\r\n${lines.join('')}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
}
