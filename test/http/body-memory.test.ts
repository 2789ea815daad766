/** Clients that announce bodies and do not send them. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { limits, openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'

let service: RunningApp
let port: number

beforeAll(async () => {
  service = await openApp()
  port = Number(new URL(await service.app.listen({ port: 0, host: '127.0.0.1' })).port)
})

afterAll(() => service.close())

interface Announced {
  socket: Socket
  /** Until the connection ends, or has a whole head. */
  answer(): Promise<string>
}

/** Sends the head of a request and the first byte of its body. */
async function announce(path: string, headers: Record<string, string | number>): Promise<Announced> {
  const socket = connect({ port, host: '127.0.0.1' })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  const all = { 'content-type': 'application/json', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const first = 'transfer-encoding' in headers ? '1\r\n{\r\n' : '{'
  socket.write(`POST ${path} HTTP/1.1\r\nhost: localhost\r\n${lines.join('')}\r\n${first}`)
  return {
    socket,
    async answer() {
      let text = ''
      while (!text.includes('\r\n\r\n')) text += String((await once(socket, 'data'))[0])
      return text
    },
  }
}

describe('a request that anybody may send', () => {
  it('is answered before its body if there is no such endpoint', async () => {
    const { answer } = await announce('/nowhere', { 'content-length': limits.bodyBytes })
    expect(await answer()).toMatch(/^HTTP\/1\.1 404 /)
  })

  it('has a short body', async () => {
    const { answer } = await announce('/workshop/join', { 'content-length': 4_097 })
    const text = await answer()
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
    expect(text).toContain('larger than the limit of 4096 bytes.')
  })
})

describe('a tenant whose bodies do not arrive', () => {
  let red: { authorization: string }
  let blue: { authorization: string }
  beforeAll(async () => {
    red = { authorization: (await keyFor(service, 'red', ['jobs:write', 'models:write'])).header }
    blue = { authorization: (await keyFor(service, 'blue', ['jobs:write'])).header }
  })

  it.each([
    ['with a length', '/jobs/validate', { 'content-length': limits.bodyBytes }],
    ['without one', '/jobs/validate', { 'transfer-encoding': 'chunked' }],
    [
      'as fields of forms',
      '/models',
      { 'content-type': 'multipart/form-data; boundary=form', 'content-length': limits.modelBytes },
    ],
  ])(
    '%s holds a limited memory, and delays no other tenant',
    { timeout: 30_000 },
    async (_, path, length) => {
      let refused = ''
      const announced = await Promise.all(
        Array.from({ length: 130 }, () => announce(path, { ...red, ...length })),
      )
      for (const { socket } of announced) socket.on('data', (chunk: Buffer) => (refused += chunk.toString()))
      const refusals = () => refused.split('"code":"overloaded"').length - 1
      // 128 MiB are held.
      await expect.poll(refusals, { timeout: 10_000 }).toBe(2)
      expect(refused).toContain('connection: close')
      const small = { payload: { dataset: 'xor' }, url: '/jobs/validate', method: 'POST' } as const
      const statusOf = async (headers: typeof red) =>
        (await service.app.inject({ ...small, headers })).statusCode
      expect(await statusOf(red)).toBe(503)
      expect(await statusOf(blue)).toBe(200)
      for (const { socket } of announced) socket.destroy()
      await expect.poll(() => statusOf(red), { timeout: 10_000 }).toBe(200)
    },
  )
})
