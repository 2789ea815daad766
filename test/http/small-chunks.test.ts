/** Bodies that arrive in chunks of a byte. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fastify, { type FastifyRequest } from 'fastify'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { joinSmallChunks } from '../../src/http/plugins/small-chunks.js'
import { openApp, type RunningApp } from '../support/app.js'

const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

/** Sends the head of a request, and the chunks of its body. */
async function send(port: number, path: string, type: string, chunks: readonly string[]) {
  const socket = connect({ port, host: '127.0.0.1' })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`
  await new Promise((resolve) => socket.write(`${head}${chunks.map(chunk).join('')}`, resolve))
  return socket
}

const portOf = (url: string) => Number(new URL(url).port)

describe('chunks of a byte', () => {
  it('reach the reader joined, in their order, with larger ones between them', async () => {
    const app = fastify()
    onTestFinished(() => app.close())
    await app.register(joinSmallChunks)
    const pieces: string[] = []
    app.addContentTypeParser('text/plain', async (_request: FastifyRequest, payload: IncomingMessage) => {
      for await (const piece of payload) pieces.push(String(piece))
    })
    app.post('/', async () => 'read')
    const port = portOf(await app.listen({ port: 0, host: '127.0.0.1' }))
    const digits = Array.from({ length: 10_000 }, (_, index) => String(index % 10))
    const sent = [...digits, 'x'.repeat(5_000), ...digits]
    const socket = await send(port, '/', 'text/plain', sent)
    socket.write('0\r\n\r\n')
    expect(String(await once(socket, 'data'))).toContain('200 OK')
    expect(pieces.join('') === sent.join('')).toBe(true)
    expect(pieces.length).toBeLessThan(200)
  })
})

describe('unfinished bodies in chunks of a byte', () => {
  let service: RunningApp
  let port: number
  beforeAll(async () => {
    service = await openApp()
    port = portOf(await service.app.listen({ port: 0, host: '127.0.0.1' }))
  })
  afterAll(() => service.close())

  it.each([
    ['of JSON', '/jobs/validate', 'application/json', ''],
    ['of CSV', '/datasets', 'text/csv', ''],
    [
      'of a form',
      '/models',
      'multipart/form-data; boundary=form',
      '--form\r\ncontent-disposition: form-data; name="name"\r\n\r\n',
    ],
  ])('%s take little more memory than their bytes', { timeout: 60_000 }, async (_, path, type, first) => {
    const bodies = 6
    const chunks = [...(first === '' ? [] : [first]), ...Array.from({ length: 400_000 }, () => 'a')]
    const before = process.memoryUsage().heapUsed
    await Promise.all(Array.from({ length: bodies }, () => send(port, path, type, chunks)))
    // The reader has what the sockets of the clients have sent.
    await sleep(2_000)
    const grown = process.memoryUsage().heapUsed - before
    expect(grown).toBeLessThan(100 * 1024 ** 2)
  })
})
