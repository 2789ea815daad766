/** Clients that send their whole body before they read, as many libraries do. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp } from '../support/app.js'

let service: Awaited<ReturnType<typeof openApp>>
let port: number

beforeAll(async () => {
  service = await openApp()
  port = Number(new URL(await service.app.listen({ port: 0, host: '127.0.0.1' })).port)
})

afterAll(() => service.close())

/** Sends `bytes` of a body with the given length, then reads until the server ends the connection. */
async function sendFirst(head: string, bytes: number) {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  const errors: Error[] = []
  socket.on('error', (error) => errors.push(error))
  socket.pause()
  socket.write(head)
  const chunk = Buffer.alloc(64 * 1024, ' ')
  for (let sent = 0; sent < bytes && errors.length === 0; sent += chunk.length) {
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), once(socket, 'error'), sleep(5_000)])
    // The server answers meanwhile.
    if (sent === 0) await sleep(100)
  }
  let text = ''
  socket.on('data', (data: Buffer) => {
    text += data.toString()
  })
  socket.resume()
  await Promise.race([once(socket, 'end').catch(() => {}), sleep(10_000)])
  return { text, errors, socket }
}

const head = (path: string, type: string, length: number) =>
  `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`

describe('a request that is refused before its body has arrived', () => {
  it('is answered although the client still sends', async () => {
    const { text, errors, socket } = await sendFirst(
      head('/jobs', 'application/json', 1_000_000_000),
      16 * 1024 * 1024,
    )
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
    expect(text).toContain('"code":"body-too-large"')
    expect(errors).toEqual([])
    socket.destroy()
  })

  it('loses its connection soon if the client goes on sending', async () => {
    const { text, socket } = await sendFirst(head('/jobs', 'application/json', 1_000_000_000), 64 * 1024)
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
    const closed = once(socket, 'close')
    const timer = setInterval(() => socket.write('x'), 50)
    await closed
    clearInterval(timer)
    const connections = await new Promise((resolve) =>
      service.app.server.getConnections((_error, count) => resolve(count)),
    )
    expect(connections).toBe(0)
  })
})
