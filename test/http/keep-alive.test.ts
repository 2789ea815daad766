/** Connections whose client disappears, and the close of streams when the service stops. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { openApp, type RunningApp } from '../support/app.js'
import { eventually } from '../support/service.js'
import { startJob } from '../support/stores.js'
import { upTo, watchJob } from '../support/watching.js'

const pingMilliseconds = 300

let service: RunningApp
let url: string

beforeAll(async () => {
  service = await openApp(pingMilliseconds)
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(() => service.close())

/** Completes the WebSocket handshake and then sends nothing, like a client with a cut cable. */
async function openSilently(jobId: string): Promise<{ socket: Socket; received(): Buffer }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let received = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
  })
  socket.on('error', () => {})
  socket.write(
    [
      `GET /jobs/${jobId}/stream HTTP/1.1`,
      'Host: 127.0.0.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      '\r\n',
    ].join('\r\n'),
  )
  await eventually(() => received.includes('101 Switching Protocols') || undefined)
  return { socket, received: () => received }
}

/** Waits until the readers have answered so many more pings. */
async function answered(pings: number): Promise<void> {
  let count = 0
  for (const client of service.app.websocketServer.clients) client.on('pong', () => count++)
  await eventually(() => count >= pings || undefined)
}

/** The first byte of a ping without content (RFC 6455, section 5.2). */
const ping = Buffer.from([0x89, 0x00])

describe('a client that disappears', () => {
  it('is pinged, and disconnected at the second ping without a pong', async () => {
    const { jobId } = await startJob(service)
    const silent = await openSilently(jobId)
    const closed = once(silent.socket, 'close')
    await eventually(() => (service.live.watched === 1 ? true : undefined))
    await closed
    expect(silent.received().includes(ping)).toBe(true)
    // Terminated without a close frame, which the client would not read either.
    expect(silent.received().includes(Buffer.from([0x88]))).toBe(false)
    await eventually(() => (service.live.watched === 0 ? true : undefined))
  })

  it('does not affect clients that answer', async () => {
    const { jobId } = await startJob(service)
    const answering = watchJob(url, jobId)
    await eventually(() => answering.messages[0])
    const silent = await openSilently(jobId)
    await once(silent.socket, 'close')
    await answered(4)
    await service.jobs.cancel(jobId)
    await service.live.refresh()
    expect(await answering.ended).toMatchObject({ code: 1000, job: { status: 'cancelled' } })
  })
})

/** A history larger than the buffers of the system. */
async function longHistory(): Promise<string> {
  const claim = await startJob(service)
  const metrics = new Float64Array(4 * 200_000).fill(1 / 3)
  await service.runs.record(claim, {
    epochs: { firstEpoch: 1, metrics },
    seconds: 1,
    backend: 'wasm',
    backendDetail: null,
    checkpoint: null,
    snapshots: null,
  })
  return claim.jobId
}

describe('a client of server-sent events', () => {
  async function openEvents(jobId: string): Promise<Socket> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`GET /jobs/${jobId}/stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`)
    await eventually(() => (service.live.watched === 1 ? true : undefined))
    return socket
  }

  it('that reads no buffered data for two pings is disconnected', async () => {
    const socket = await openEvents(await longHistory())
    // Never read, so only the server can end it.
    await eventually(() => (service.live.watched === 0 ? true : undefined))
    socket.destroy()
  })

  it('that reads stays connected, also while nothing is sent', async () => {
    const { jobId } = await startJob(service)
    const socket = await openEvents(jobId)
    let received = ''
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString()
    })
    await eventually(() => (received.split(':\n\n').length > 5 ? true : undefined))
    expect(service.live.watched).toBe(1)
    expect(socket.destroyed).toBe(false)
    socket.destroy()
    await eventually(() => (service.live.watched === 0 ? true : undefined))
  })
})

describe('a message to the stream', () => {
  it.each([
    [16 * 1024, 'is ignored'],
    [16 * 1024 + 1, 'ends it with 1009'],
  ])('of %d bytes %s', async (bytes, what) => {
    const { jobId } = await startJob(service)
    const socket = new WebSocket(`${url.replace('http', 'ws')}/jobs/${jobId}/stream`)
    const closed = once(socket, 'close')
    await once(socket, 'open')
    expect(socket.extensions).toBe('')
    socket.send('x'.repeat(bytes))
    if (what === 'is ignored') {
      await answered(2)
      await service.jobs.cancel(jobId)
      await service.live.refresh()
    }
    expect((await closed)[0]).toBe(what === 'is ignored' ? 1000 : 1009)
  })
})

describe('a service that stops', () => {
  it('closes every socket with 1012 without delay', async () => {
    const stopping = await openApp(pingMilliseconds)
    const address = await stopping.app.listen({ host: '127.0.0.1', port: 0 })
    const { jobId } = await startJob(stopping)
    const watching = upTo(20).map(() => watchJob(address, jobId))
    await eventually(() => watching.every(({ messages }) => messages.length > 0) || undefined)
    await stopping.close()
    for (const { ended, messages } of watching) {
      expect(await ended).toEqual({ code: 1012, job: undefined })
      expect(messages.map(({ type }) => type)).toEqual(['job'])
    }
  })
})
