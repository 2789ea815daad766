/** Clients that request long answers and do not read them. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import fastify from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { limitUnreadAnswers } from '../../src/http/plugins/unread-answers.js'
import { errorHandler } from '../../src/http/problem-responses.js'
import { unlimited } from '../../src/store/tenant-limits.js'

const megabyte = 1024 * 1024
/** More than the buffers of the system. */
const text = 'x'.repeat(32 * megabyte)
const stream = () => Readable.from(Array(32).fill(Buffer.alloc(megabyte)), { objectMode: false })

async function serve(body: () => string | Readable) {
  const app = fastify()
  app.setErrorHandler(errorHandler(() => null))
  app.decorateRequest('principal', null)
  app.addHook('onRequest', (request, _reply, done) => {
    const countedAs = String(request.headers.tenant)
    const tenant = { tenantId: countedAs, countedAs, keyId: null, shareLinkId: null, models: null }
    request.principal = { ...tenant, scopes: new Set(), limits: { settings: unlimited, own: {} } }
    done()
  })
  const bytes = 20 * megabyte
  await app.register(limitUnreadAnswers, { bytes })
  const config = { scope: 'jobs:read' } as const
  app.get('/long', { config }, async (_request, reply) => {
    // Meanwhile, further requests of the connection arrive.
    await sleep(20)
    return reply.type('text/plain').send(body())
  })
  app.get('/short', { config }, () => 'short')
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const sockets: Socket[] = []
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await app.close()
  })
  return {
    async leaveUnread(tenant: string, requests = 1): Promise<Socket> {
      const socket = connect({ port: Number(port), host: '127.0.0.1' })
      sockets.push(socket)
      socket.on('error', () => {}).pause()
      await once(socket, 'connect')
      socket.write(`GET /long HTTP/1.1\r\nhost: localhost\r\ntenant: ${tenant}\r\n\r\n`.repeat(requests))
      return socket
    },
    ask: async (tenant: string) => app.inject({ url: '/short', headers: { tenant } }),
  }
}

it('a tenant that leaves too many bytes gets no answers until it reads them', async () => {
  const { leaveUnread, ask } = await serve(() => text)
  const status = async (tenant: string) => (await ask(tenant)).statusCode
  expect(await status('red')).toBe(200)
  const socket = await leaveUnread('red')
  await expect.poll(() => status('red'), { timeout: 10_000 }).toBe(503)
  const { code, detail } = (await ask('red')).json()
  expect(code).toBe('overloaded')
  expect(detail).toMatch(
    /^The clients of this tenant have not read \d{8} bytes of earlier answers; the limit is 20971520\./,
  )
  expect(await status('blue')).toBe(200)
  socket.resume()
  await expect.poll(() => status('red'), { timeout: 10_000 }).toBe(200)
})

it('a stream counts with the bytes that it has handed over', async () => {
  const { leaveUnread, ask } = await serve(stream)
  await leaveUnread('red')
  // The next megabyte waits until the client takes the one before.
  for (let n = 0; n < 20; n++) expect((await ask('red')).statusCode).toBe(200)
})

it.each([1, 5])('a closed connection of %d requests counts no more', async (requests) => {
  const { leaveUnread, ask } = await serve(() => text)
  const status = async () => (await ask('red')).statusCode
  const socket = await leaveUnread('red', requests)
  await expect.poll(status, { timeout: 10_000 }).toBe(503)
  socket.destroy()
  await expect.poll(status, { timeout: 10_000 }).toBe(200)
})
