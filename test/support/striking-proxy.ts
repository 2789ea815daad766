/** A proxy to PostgreSQL that strikes at a certain message of the client. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export type Strike = 'before' | 'after' | (() => Promise<unknown>)

export interface StrikingProxy {
  connectionString: string
  /**
   * At the message with this number from now on, ends the connection before or after the server gets it, or calls a
   * function while the client waits for the answer.
   */
  strikeAt(message: number, how: Strike): void
  /** Messages since `strikeAt`. */
  readonly seen: number
  close(): void
}

export async function openStrikingProxy(connectionString: string): Promise<StrikingProxy> {
  const target = new URL(connectionString)
  const sockets = new Set<Socket>()
  let seen = 0
  let strike: { message: number; how: Strike } = { message: Number.POSITIVE_INFINITY, how: 'before' }
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', end)
    }
    upstream.on('data', (bytes) => client.write(bytes))
    client.on('data', async (bytes) => {
      const how = ++seen === strike.message ? strike.how : null
      if (how === 'before') return end()
      if (typeof how === 'function') await how()
      upstream.write(bytes)
      // The server works on the message, and its answer is lost.
      if (how === 'after') end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  const own = new URL(connectionString)
  own.hostname = '127.0.0.1'
  own.port = String(address.port)
  return {
    connectionString: own.href,
    strikeAt(message, how) {
      seen = 0
      strike = { message, how }
    },
    get seen() {
      return seen
    },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
