/** Clients that open streams of a long history and read nothing must not delay other requests. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { startJob } from '../support/stores.js'
import { underLoad } from '../support/waiting.js'
import { openProbedServer, type ProbedServer } from './probed-server.js'

/** `npm run stalled` opens 1,000 on 10,000,000 epochs. */
const readers = Number(process.env.STALLED_READERS ?? 100)
const epochs = Number(process.env.STALLED_EPOCHS ?? 100_000)

/** The goal is a delay of 200 ms, of which a block of the event loop is a part. */
const mostMilliseconds = 100

async function longJob(server: ProbedServer): Promise<string> {
  const claim = await startJob(server)
  const atOnce = 100_000
  for (let first = 1; first <= epochs; first += atOnce) {
    const metrics = Float64Array.from({ length: 4 * atOnce }, (_, index) => 1 / (first + index))
    await server.runs.record(claim, {
      epochs: { firstEpoch: first, metrics },
      seconds: 1,
      backend: 'wasm',
      backendDetail: null,
      checkpoint: null,
      snapshots: null,
    })
  }
  return claim.jobId
}

/** Opens a stream and never reads. */
async function stall(url: string, path: string, headers: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  await once(socket, 'connect')
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n\r\n`)
  return socket
}

/** Sends requests from a separate process, whose event loop is idle; returns the longest latency. */
function askForLife(url: string): { stop(): Promise<unknown> } {
  const program = `
    let worst = 0
    process.on('message', () => process.send(Math.round(worst), () => process.exit()))
    for (;;) {
      const sent = performance.now()
      await (await fetch('${url}/health/live')).text()
      worst = Math.max(worst, performance.now() - sent)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return {
    async stop() {
      const answered = once(child, 'message')
      child.send('stop')
      const [worst] = await answered
      return worst
    },
  }
}

const upgrade =
  'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=='

let server: ProbedServer
let id: string

beforeAll(async () => {
  server = await openProbedServer({ LOG_LEVEL: 'info', MAXIMUM_SOCKETS: '100000' })
  id = await longJob(server)
}, underLoad(60_000) + epochs)

afterAll(() => server.close())

it.each([
  ['server-sent events', 'accept: text/event-stream'],
  ['WebSockets', upgrade],
])(
  `${readers} stalled readers of ${epochs} epochs by %s hold nobody up`,
  { timeout: 300_000 },
  async (_, headers) => {
    const sockets: Socket[] = []
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
    })
    await server.longestBlock()
    const patient = askForLife(server.url)
    const opening = Promise.all(
      Array.from({ length: readers }, async () =>
        sockets.push(await stall(server.url, `/jobs/${id}/stream`, headers)),
      ),
    )
    await sleep(5_000)
    await opening
    const block = await server.longestBlock()
    const waited = await patient.stop()
    if (process.env.STALLED_READERS !== undefined) console.log(`block ${block} ms, waited ${waited} ms`)
    expect(block).toBeLessThan(mostMilliseconds)
  },
)
