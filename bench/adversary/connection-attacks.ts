/** Attacks by many connections: streams that are not read, bodies that do not arrive, answers that are read slowly. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Attack } from './attack.js'
import type { AttackFixtures } from './fixtures.js'

const connections = 200
const megabyte = 1024 ** 2

/** Reopens connections that the service closes. */
interface Holding {
  /** The head of the request of a connection, without the headers `host` and `authorization`. */
  head(number: number): string
  /** Requests sent at once on each connection. */
  pipelined?: number
  /** Runs ten times a second for each connection. */
  pass?(socket: Socket): void
}

const hold =
  (prepare: (fixtures: AttackFixtures) => Promise<Holding>): Attack['prepare'] =>
  async (fixtures) => {
    const { head, pipelined = 1, pass } = await prepare(fixtures)
    const { url, key } = fixtures.client
    const { hostname, port } = new URL(url)
    const credentials = `host: ${hostname}\r\nauthorization: Bearer ${key}`
    const open = new Set<Socket>()
    return {
      round: async () => {
        for (let n = open.size; n < connections; n++) {
          const socket = connect(Number(port), hostname)
          open.add(socket)
          socket.on('error', () => {})
          socket.on('close', () => open.delete(socket))
          socket.pause()
          socket.write(`${head(n)}\r\n${credentials}\r\n\r\n`.repeat(pipelined))
        }
        for (const socket of open) pass?.(socket)
        await sleep(100)
      },
      end: async () => {
        for (const socket of open) socket.destroy()
      },
    }
  }

const choose = (texts: readonly string[]) => (number: number) => texts[number % texts.length]

const streams = hold(async ({ client, longJobId }) => {
  const { text: sweeps } = await client.send({ method: 'GET', path: '/sweeps?limit=1' })
  const sweep = /"id":"(swp_[0-9a-f]+)"/.exec(sweeps)?.[1] ?? `swp_${'0'.repeat(32)}`
  const paths = [
    `/jobs/${longJobId}/stream?boundary=128`,
    `/jobs/${longJobId}/stream`,
    `/stream?jobs=${longJobId}`,
    `/sweeps/${sweep}/stream`,
  ]
  return { head: choose(paths.map((path) => `GET ${path} HTTP/1.1\r\naccept: text/event-stream`)) }
})

/** Announces the most bytes that each route takes, and sends ten a second. */
const unfinishedBodies = hold(async ({ modelId }) => {
  const head = (path: string, bytes: number, type: string) =>
    `POST ${path} HTTP/1.1\r\ncontent-type: ${type}\r\ncontent-length: ${bytes}`
  const heads = [
    head('/jobs', megabyte, 'application/json'),
    head('/jobs/batch', megabyte, 'application/json'),
    head(`/models/${modelId}/predict`, megabyte, 'application/json'),
    head('/mcp', megabyte, 'application/json'),
    head('/datasets', 256 * megabyte, 'text/csv'),
    head('/datasets/preview', 256 * megabyte, 'text/csv'),
    head('/models', 256 * megabyte, 'multipart/form-data; boundary=form'),
  ]
  return { head: choose(heads), pass: (socket) => socket.write(' ') }
})

/** Sends the most fields that a form of a model may have, and never its end. */
const unfinishedForms = hold(async () => {
  const sent = new WeakMap<Socket, number>()
  const head =
    `POST /models HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=form\r\n` +
    `content-length: ${256 * megabyte}`
  const text = 'a'.repeat(megabyte)
  return {
    head: () => head,
    pass(socket) {
      const fields = sent.get(socket) ?? 0
      if (fields > 15 || socket.writableNeedDrain) return
      sent.set(socket, fields + 1)
      const name = `content-disposition: form-data; name="field${fields}"`
      socket.write(`--form\r\n${name}\r\n\r\n${text}\r\n`)
    },
  }
})

/** Answers of a megabyte or more. */
const slowReaders = hold(async ({ modelId, longJobId, rowsJobId, datasetId }) => {
  const paths = [
    `/models/${modelId}/weights`,
    `/models/${modelId}/export?format=onnx`,
    `/models/${modelId}/export?format=javascript`,
    `/jobs/${longJobId}/epochs?limit=10000`,
    `/jobs/${rowsJobId}/rows?limit=1000`,
    `/datasets/${datasetId}/rows?limit=1000`,
    '/openapi.json',
  ]
  const heads = paths.map((path) => `GET ${path} HTTP/1.1`)
  return { head: choose(heads), pipelined: 10, pass: (socket) => socket.read(64) }
})

export const connectionAttacks: Readonly<Record<string, Attack>> = {
  streams: {
    routes: ['GET /jobs/{id}/stream', 'GET /stream', 'GET /sweeps/{id}/stream'],
    lanes: 1,
    prepare: streams,
  },
  'unfinished bodies': {
    routes: ['POST /jobs', 'POST /jobs/batch', 'POST /models/{id}/predict', 'POST /datasets', 'POST /models'],
    lanes: 1,
    prepare: unfinishedBodies,
  },
  'unfinished forms': { routes: ['POST /models'], lanes: 1, prepare: unfinishedForms },
  'slow readers': {
    routes: ['GET /models/{id}/weights', 'GET /models/{id}/export', 'GET /jobs/{id}/epochs'],
    lanes: 1,
    prepare: slowReaders,
  },
}
