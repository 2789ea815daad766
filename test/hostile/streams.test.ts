/** Streams of unknown jobs, and invalid messages on streams. */
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { startJob } from '../support/stores.js'
import { sendBytes } from './raw-requests.js'
import { type Row, testRows } from './request-table.js'
import { type HostileServer, openServer } from './server.js'

let server: HostileServer
let jobId: string
const url = () => server.url
const stream = (query = '') => `/jobs/${jobId}/stream${query}`

beforeAll(async () => {
  server = await openServer()
  jobId = (await startJob(server)).jobId
})

afterAll(async () => {
  expect(server.hasEnded()).toBe(false)
  expect(server.output()).not.toContain('"level":50')
  await server.close()
})

/** A WebSocket and an event stream, both refused before they open. */
function watch(name: string, query: string, is: Row['is'], says?: string): Row[] {
  const socket = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  }
  return [
    { name: `${name}, WebSocket`, send: () => ({ path: stream(query), headers: socket }), is, says },
    {
      name: `${name}, events`,
      send: () => ({ path: stream(query), headers: { accept: 'text/event-stream' } }),
      is,
      says,
    },
  ]
}

describe('streams', () => {
  testRows(url, [
    ...watch('after=-1', '?after=-1', 'invalid-request', '/after'),
    ...watch('after=1e3', '?after=1e3', 'invalid-request', '/after'),
    ...watch('after beyond all epochs there can be', '?after=99999999999', 'invalid-request', '/after'),
    ...watch('after twice', '?after=1&after=2', 'invalid-request', '/after'),
    ...watch('a boundary of 129 points', '?boundary=129', 'invalid-request', '/boundary'),
    ...watch('an unknown parameter', '?before=1', 'invalid-request', '/before'),
    {
      name: 'neither WebSocket nor event stream',
      send: () => ({ path: stream() }),
      is: 'websocket-required',
    },
    {
      name: 'an old WebSocket version',
      send: (to) =>
        sendBytes(to, [
          `GET ${stream()} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 1\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
        ]),
      is: 'invalid-request',
    },
    {
      name: 'a WebSocket without key',
      send: (to) =>
        sendBytes(to, [
          `GET ${stream()} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\r\n`,
        ]),
      is: 'invalid-request',
    },
  ])
})

describe('frames', () => {
  /** Returns the close code (RFC 6455, section 7.4.1) after `misbehave`. */
  async function codeAfter(misbehave: (socket: WebSocket) => void): Promise<number> {
    const socket = new WebSocket(`${url().replace('http', 'ws')}${stream()}`)
    socket.on('error', () => {})
    await once(socket, 'message')
    misbehave(socket)
    const [code] = await once(socket, 'close')
    return code
  }

  /** Bypasses the library, which does not send such frames. */
  const bytes =
    (...values: number[]) =>
    (socket: WebSocket) => {
      Reflect.get(socket, '_socket').write(Buffer.from(values))
    }

  it.each([
    ['of 1 MB', 1009, (socket: WebSocket) => socket.send('x'.repeat(1_000_000))],
    ['of 16 KiB and a byte', 1009, (socket: WebSocket) => socket.send('x'.repeat(16_385))],
    ['with an unknown opcode', 1002, bytes(0x83, 0x80, 0, 0, 0, 0)],
    ['without mask', 1002, bytes(0x81, 0x01, 0x61)],
    ['with reserved bits', 1002, bytes(0xf1, 0x80, 0, 0, 0, 0)],
    ['of 2⁶³ bytes', 1009, bytes(0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)],
    ['of text that is no UTF-8', 1007, bytes(0x81, 0x81, 0, 0, 0, 0, 0xff)],
    ['a ping of 126 bytes', 1002, bytes(0x89, 0xfe, 0, 126, 0, 0, 0, 0)],
  ])('%s closes only its own socket, with %i', async (_name, code, misbehave) => {
    expect(await codeAfter(misbehave)).toBe(code)
  })

  it('of a valid client are ignored', async () => {
    const socket = new WebSocket(`${url().replace('http', 'ws')}${stream()}`)
    await once(socket, 'message')
    for (const message of ['{"type":"job"}', '{"__proto__":1}', '\0', 'cancel']) socket.send(message)
    // Answered after what was sent before it.
    const answered = once(socket, 'pong')
    socket.ping()
    await answered
    expect(socket.readyState).toBe(WebSocket.OPEN)
    socket.terminate()
  })
})
