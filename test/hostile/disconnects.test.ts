/** Clients that disconnect before the response cause no error or warning in the log. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type AttackFixtures, createCsv, prepareFixtures } from '../../bench/adversary/fixtures.js'
import { HttpClient } from '../../bench/http-client.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { type Service, startService } from '../support/service.js'

let database: FreshDatabase
let service: Service
let fixtures: AttackFixtures

beforeAll(async () => {
  database = await freshDatabase()
  service = await startService({ LOG_LEVEL: 'info', DATABASE_URL: database.connectionString })
  fixtures = await prepareFixtures(new HttpClient(service.url))
}, 120_000)

afterAll(async () => {
  fixtures.client.close()
  await service.stop()
  await database.drop()
})

/** Sends the text, reads `bytes` bytes of the response, and resets the connection. */
async function leave(text: string, bytes: number): Promise<void> {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
  const closed = once(socket, 'close')
  socket.on('error', () => {})
  socket.write(text)
  let read = 0
  socket.on('data', (chunk) => {
    read += chunk.length
    if (read >= bytes) socket.pause()
  })
  const end = Date.now() + 2_000
  while (read < bytes && Date.now() < end) await sleep(10)
  await sleep(100)
  socket.resetAndDestroy()
  await closed
}

const head = 'host: localhost\r\n'
const rows = JSON.stringify({ inputs: Array.from({ length: 10_000 }, (_, n) => [n % 7, 1]) })
const upload = createCsv(1).toString()

const disconnects: Record<string, () => [text: string, bytes: number]> = {
  'a stream of events': () => [
    `GET /jobs/${fixtures.longJobId}/stream HTTP/1.1\r\n${head}accept: text/event-stream\r\n\r\n`,
    1,
  ],
  'a stream of many jobs': () => [
    `GET /stream?jobs=${fixtures.longJobId} HTTP/1.1\r\n${head}accept: text/event-stream\r\n\r\n`,
    1,
  ],
  'a file of weights': () => [`GET /models/${fixtures.modelId}/weights HTTP/1.1\r\n${head}\r\n`, 1],
  predictions: () => [
    `POST /models/${fixtures.modelId}/predict HTTP/1.1\r\n${head}content-type: application/json\r\n` +
      `content-length: ${rows.length}\r\n\r\n${rows}`,
    1,
  ],
  'an upload': () => [
    `POST /datasets HTTP/1.1\r\n${head}content-type: text/csv\r\ncontent-length: ${upload.length}\r\n\r\n` +
      upload.slice(0, 200_000),
    0,
  ],
  'an upload in a form': () => [
    `POST /datasets HTTP/1.1\r\n${head}content-type: multipart/form-data; boundary=x\r\n` +
      `content-length: ${upload.length}\r\n\r\n--x\r\n` +
      'content-disposition: form-data; name="file"; filename="a.csv"\r\ncontent-type: text/csv\r\n\r\n' +
      upload.slice(0, 200_000),
    0,
  ],
  'a form before its first file': () => [
    `POST /datasets HTTP/1.1\r\n${head}content-type: multipart/form-data; boundary=x\r\n` +
      `content-length: ${upload.length}\r\n\r\n--x\r\ncontent-disposition: form-data; na`,
    0,
  ],
  'a table to predict': () => [
    `POST /models/${fixtures.modelId}/predict HTTP/1.1\r\n${head}content-type: text/csv\r\n` +
      `content-length: ${upload.length}\r\n\r\n${upload.slice(0, 200_000)}`,
    0,
  ],
  'a body of JSON': () => [
    `POST /jobs HTTP/1.1\r\n${head}content-type: application/json\r\ncontent-length: 1000\r\n\r\n{"a`,
    0,
  ],
  'a WebSocket': () => [
    `GET /jobs/${fixtures.longJobId}/stream HTTP/1.1\r\n${head}connection: upgrade\r\nupgrade: websocket\r\n` +
      'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    1,
  ],
  'boundaries of a stream': () => [
    `GET /jobs/${fixtures.longJobId}/stream?boundary=128 HTTP/1.1\r\n${head}accept: text/event-stream\r\n\r\n`,
    1,
  ],
  epochs: () => [`GET /jobs/${fixtures.longJobId}/epochs?limit=100000 HTTP/1.1\r\n${head}\r\n`, 1],
  'a large body of JSON': () => [
    `POST /models/${fixtures.modelId}/predict HTTP/1.1\r\n${head}content-type: application/json\r\n` +
      `content-length: ${rows.length}\r\n\r\n${rows}`,
    0,
  ],
  'the worst rows': () => [
    `GET /jobs/${fixtures.rowsJobId}/rows/worst?split=training HTTP/1.1\r\n${head}\r\n`,
    0,
  ],
  'the importance of columns': () => [
    `GET /jobs/${fixtures.rowsJobId}/importance?repeats=50 HTTP/1.1\r\n${head}\r\n`,
    0,
  ],
  'an evaluation of a file': () => [
    `POST /models/${fixtures.modelId}/evaluate HTTP/1.1\r\n${head}content-type: text/csv\r\n` +
      `content-length: ${upload.length}\r\n\r\n${upload.slice(0, 200_000)}`,
    0,
  ],
}

it.each(Object.keys(disconnects))('from %s', { timeout: 30_000 }, async (name) => {
  const [text, bytes] = disconnects[name]()
  const before = service.output().length
  for (let n = 0; n < 5; n++) await leave(text, bytes)
  await sleep(500)
  const lines = service.output().slice(before).split('\n')
  expect(lines.filter((line) => /"level":(40|50|60)/.test(line))).toEqual([])
})
