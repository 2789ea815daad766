/** Clients that send several requests on a connection without a wait, and leave before they are answered. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import fastify from 'fastify'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { UnnamedFile } from '../../src/base/unnamed-file.js'
import { disconnectSignal } from '../../src/http/client-disconnect.js'
import { onceClosed } from '../../src/http/response-close.js'
import { generous, openApp, type RunningApp } from '../support/app.js'
import { storeModel } from '../support/stores.js'

async function pipeline(port: number, requests: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' }).on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.write(requests)
  return socket
}

const head = (line: string, ...fields: string[]) =>
  `${[`${line} HTTP/1.1`, 'host: localhost', ...fields].join('\r\n')}\r\n\r\n`

const portOf = async (app: RunningApp['app']) =>
  Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)

it('all hear that their client left', async () => {
  const app = fastify()
  onTestFinished(() => app.close())
  let waiting = 0
  let left = 0
  app.get('/', async (_request, reply) => {
    const signal = disconnectSignal(reply)
    waiting++
    await once(signal, 'abort')
    left++
  })
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = await pipeline(Number(port), head('GET /').repeat(5))
  await expect.poll(() => waiting).toBe(5)
  expect(left).toBe(0)
  socket.destroy()
  await expect.poll(() => left).toBe(5)
})

it('end once each, answered or not', async () => {
  const app = fastify()
  onTestFinished(() => app.close())
  const ended: string[] = []
  app.get('/:name', async ({ params }, reply) => {
    const { name } = z.object({ name: z.string() }).parse(params)
    onceClosed(reply, () => ended.push(name))
    if (name === 'never') await new Promise(() => {})
    return name
  })
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = await pipeline(
    Number(port),
    ['one', 'two', 'never'].map((name) => head(`GET /${name}`)).join(''),
  )
  await expect.poll(() => ended.toSorted()).toEqual(['one', 'two'])
  const closed = once(socket, 'close')
  socket.destroy()
  await closed
  await expect.poll(() => ended.length).toBeGreaterThan(2)
  expect(ended.toSorted()).toEqual(['never', 'one', 'two'])
})

describe('requests that wait for a stream on their connection, which closes', () => {
  const mostStreams = 5
  let service: RunningApp
  let port: number
  let stream: string
  beforeAll(async () => {
    // Node stops reading a connection with many pipelined requests. It then hears of its end when the stream pings.
    service = await openApp(100, undefined, null, { ...generous, sockets: mostStreams })
    port = await portOf(service.app)
    const network = { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] }
    const job = { dataset: 'xor', network, loss: 'binaryCrossentropy', epochs: 1 }
    const { body } = await request(service.app.server).post('/jobs').send(job).expect(202)
    stream = head(`GET /jobs/${body.id}/stream`, 'accept: text/event-stream')
  })
  afterAll(() => service.close())

  /** The status of a request that it cancels as soon as the answer begins. */
  async function statusOf(text: string): Promise<number> {
    const socket = await pipeline(port, text)
    const [answer] = await once(socket, 'data')
    socket.destroy()
    return Number(/^HTTP\/1.1 (\d+)/.exec(String(answer))?.[1])
  }

  it('do not count as open streams', async () => {
    const socket = await pipeline(port, stream.repeat(mostStreams))
    await expect.poll(() => statusOf(stream), { timeout: 10_000 }).not.toBe(200)
    socket.destroy()
    await expect.poll(() => statusOf(stream), { timeout: 10_000 }).toBe(200)
  })

  it('hold no memory of bodies', async () => {
    // Bodies without a length count with a mebibyte, and a tenant may hold 128.
    const body = head('POST /jobs/validate', 'content-type: application/json', 'transfer-encoding: chunked')
    const chunked = `${body}2\r\n{}\r\n0\r\n\r\n`
    const socket = await pipeline(port, stream + chunked.repeat(130))
    await expect.poll(() => statusOf(chunked), { timeout: 10_000 }).toBe(503)
    socket.destroy()
    await expect.poll(() => statusOf(chunked), { timeout: 10_000 }).toBe(400)
  })

  it('close the files of exported models', async () => {
    const { id } = await storeModel(service)
    const { create } = UnnamedFile
    const files: { isClosed: boolean }[] = []
    const created = vi.spyOn(UnnamedFile, 'create').mockImplementation(async (fill) => {
      const made = await create.call(UnnamedFile, fill)
      const file = { isClosed: false }
      files.push(file)
      const close = made.file.close.bind(made.file)
      vi.spyOn(made.file, 'close').mockImplementation(() => close().finally(() => (file.isClosed = true)))
      return made
    })
    onTestFinished(() => created.mockRestore())
    const socket = await pipeline(port, stream + head(`GET /models/${id}/export?format=javascript`).repeat(2))
    await expect.poll(() => files.length, { timeout: 10_000 }).toBe(2)
    expect(files.map(({ isClosed }) => isClosed)).toEqual([false, false])
    socket.destroy()
    await expect.poll(() => files.every(({ isClosed }) => isClosed), { timeout: 10_000 }).toBe(true)
  })
})
