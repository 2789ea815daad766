/** Clients that request a long response and take none of it, or take it slowly. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import fastify from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { endStalledReaders } from '../../src/http/plugins/stalled-readers.js'

const milliseconds = 400
/** More than the buffers of the system. */
const text = 'x'.repeat(32 * 1024 * 1024)

async function serve(body: () => string | Readable): Promise<{ socket: Socket; closed(): boolean }> {
  const app = fastify()
  await app.register(endStalledReaders, { milliseconds })
  let isClosed = false
  app.get('/', (_request, reply) => {
    reply.raw.once('close', () => {
      isClosed = true
    })
    return reply.type('text/plain').send(body())
  })
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = connect({ port: Number(port), host: '127.0.0.1' })
  onTestFinished(async () => {
    socket.destroy()
    await app.close()
  })
  socket.on('error', () => {}).pause()
  await once(socket, 'connect')
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  return { socket, closed: () => isClosed }
}

it.each([
  ['a text', () => text],
  ['a stream', () => Readable.from(Array(512).fill(text.slice(0, 65_536)), { objectMode: false })],
])('a client that takes nothing of %s loses its connection', async (_, body) => {
  const { closed } = await serve(body)
  await expect.poll(closed, { timeout: 10_000 }).toBe(true)
})

it('a client that takes it slowly gets all of it', { timeout: 30_000 }, async () => {
  const { socket } = await serve(() => text)
  let received = 0
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received > 4 * 1024 * 1024 * pauses) {
      pauses += 1
      socket.pause()
      setTimeout(() => socket.resume(), milliseconds / 2)
    }
  })
  let pauses = 1
  socket.resume()
  await expect.poll(() => received, { timeout: 25_000 }).toBeGreaterThan(text.length)
  expect(pauses).toBeGreaterThan(4)
})

it('a request of the process itself has no connection to lose', async () => {
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(endStalledReaders, { milliseconds })
  app.get('/', (_request, reply) => reply.send(text))
  const { body, raw } = await app.inject('/')
  expect(body).toHaveLength(text.length)
  expect(raw.res.listenerCount('timeout')).toBe(0)
})

it('a client waits for a slow stream', { timeout: 30_000 }, async () => {
  async function* slowly() {
    yield 'first,'
    await sleep(3 * milliseconds)
    yield 'last'
  }
  const { socket } = await serve(() => Readable.from(slowly(), { objectMode: false }))
  let received = ''
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString()
  })
  socket.resume()
  await expect.poll(() => received, { timeout: 25_000 }).toContain('last')
})
