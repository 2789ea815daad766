/** Uploads over HTTP: forms, bodies of each type, clients that disconnect. */
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { text } from 'node:stream/consumers'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'
import { eventually } from '../support/service.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})

afterAll(() => service.close())

const api = () => request(service.app.server)
const file = (name: string) => readFileSync(new URL(`../datasets/reading/files/${name}`, import.meta.url))
const spools = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`descent-upload-${process.pid}-`))
const countDatasets = () => service.database.dataset.count()

describe('forms', () => {
  test('pictures and labels', async () => {
    const answer = await api()
      .post('/datasets?name=tiny')
      .attach('images', file('images-idx3-ubyte'), 'images-idx3-ubyte')
      .attach('labels', file('labels-idx1-ubyte.gz'), 'labels-idx1-ubyte.gz')
    expect(answer.status).toBe(201)
    expect(answer.headers.location).toBe(`/datasets/${answer.body.id}`)
    expect(answer.body).toMatchObject({
      name: 'tiny',
      rows: 3,
      inputShape: [1, 2, 2],
      target: 'label',
      classes: ['0', '7'],
    })
  })

  test.each<[what: string, send: () => request.Test, says: RegExp]>([
    [
      'no file',
      () => api().post('/datasets').set('content-type', 'multipart/form-data; boundary=x').send('--x--\r\n'),
      /no file/,
    ],
    [
      'a field',
      () => api().post('/datasets').field('target', 'a').attach('file', Buffer.from('a,b\n1,2\n'), 'a.csv'),
      /"target" that is not a file/,
    ],
    [
      'no boundary',
      () => api().post('/datasets').set('content-type', 'multipart/form-data').send('a'),
      /upload cannot be read: .*[Bb]oundary/,
    ],
    [
      'half a form',
      () =>
        api()
          .post('/datasets')
          .set('content-type', 'multipart/form-data; boundary=x')
          .send('--x\r\nContent-Disposition: form-data; name="a"; filename="a.csv"\r\n\r\na,b'),
      /upload cannot be read: /,
    ],
    [
      'too many files',
      () =>
        ['a', 'b', 'c', 'd', 'e'].reduce(
          (sent, name) => sent.attach(name, Buffer.from('a,b\n1,2\n'), `${name}.csv`),
          api().post('/datasets'),
        ),
      /more than 4 files/,
    ],
    [
      'a name that leads elsewhere',
      () => api().post('/datasets').attach('file', Buffer.from('a,b\n1\n'), '../../../etc/passwd'),
      /line 2/,
    ],
  ])('%s', async (_, send, says) => {
    const before = await countDatasets()
    const answer = await send()
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(answer.body.detail).toMatch(says)
    expect(await countDatasets()).toBe(before)
    expect(spools()).toEqual([])
  })
})

test.each<[contentType: string, content: string | Buffer, rows: number]>([
  ['text/csv; charset=utf-8', 'a,b\n1,2\n3,4\n', 2],
  ['text/tab-separated-values', 'a\tb\n1\t2\n', 1],
  ['application/x-ndjson', '{"a":1,"b":2}\n', 1],
  ['application/vnd.apache.parquet', file('snappy.parquet'), 2],
  ['application/octet-stream', file('train-and-test.npz'), 5],
  ['application/zip', file('pictures.zip'), 3],
])('a body of %s', async (contentType, content, rows) => {
  const query = contentType.includes('parquet') ? '?target=whole' : ''
  const answer = await api().post(`/datasets${query}`).set('content-type', contentType).send(content)
  expect(answer.body).toMatchObject({ rows })
  expect(answer.status).toBe(201)
})

test('a JSON list that arrives in pieces, the first of them blank', async () => {
  const sending = httpRequest({
    port: await listen(),
    method: 'POST',
    path: '/datasets',
    headers: { 'content-type': 'application/json' },
  })
  sending.on('error', () => {})
  const arrived = once(sending, 'response')
  const incoming = once(service.app.server, 'request')
  sending.flushHeaders()
  const [{ socket }] = await incoming
  for (const piece of [' \n', '[{"a":1,"b":2},', '{"a":3,"b":4}', ']']) {
    const before = socket.bytesRead
    sending.write(piece)
    // Otherwise the socket would read several pieces as one.
    await eventually(() => (socket.bytesRead > before || socket.destroyed ? true : undefined))
  }
  sending.end()
  const [answer] = await arrived
  expect(JSON.parse(await text(answer))).toMatchObject({ rows: 2 })
  expect(answer.statusCode).toBe(201)
})

test('an endless body is refused before its end, and its connection is closed', async () => {
  const port = await listen()
  const sending = httpRequest({
    port,
    method: 'POST',
    path: '/datasets',
    headers: { 'content-type': 'text/csv' },
  })
  sending.on('error', () => {})
  const chunk = Buffer.alloc(65_536, '1,2\n')
  const pump = () => {
    while (!sending.destroyed && sending.write(chunk));
    if (!sending.destroyed) sending.once('drain', pump)
  }
  pump()
  const [answer] = await once(sending, 'response')
  expect(answer.statusCode).toBe(413)
  expect(answer.headers.connection).toBe('close')
  sending.destroy()
  await eventually(() => (spools().length === 0 ? true : undefined))
})

test('a client that disconnects leaves neither row nor file', async () => {
  const before = await countDatasets()
  const port = await listen()
  const sending = httpRequest({
    port,
    method: 'POST',
    path: '/datasets',
    headers: { 'content-type': 'text/csv' },
  })
  sending.on('error', () => {})
  sending.write('a,b\n1,2\n')
  await eventually(() => (spools().length === 1 ? true : undefined))
  sending.destroy()
  await eventually(() => (spools().length === 0 ? true : undefined))
  expect(await countDatasets()).toBe(before)
})

async function listen(): Promise<number> {
  if (!service.app.server.listening) await service.app.listen({ port: 0, host: '127.0.0.1' })
  const address = service.app.server.address() as AddressInfo
  return address.port
}
