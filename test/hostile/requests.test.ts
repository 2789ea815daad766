/** Hostile paths, bodies and specs. Every row is one request to a real process. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linearModel, startJob, storeModel } from '../support/stores.js'
import { type Request, send, sendAndLeave, sendBytes } from './raw-requests.js'
import { type Row, testRows } from './request-table.js'
import { type HostileServer, openServer, serverLimits } from './server.js'

let server: HostileServer
const url = () => server.url

beforeAll(async () => {
  server = await openServer()
})

afterAll(async () => {
  expect(server.hasEnded()).toBe(false)
  expect(server.output()).not.toContain('"level":50')
  await server.close()
})

const output = { type: 'dense', units: 1, activation: 'sigmoid' }
const xor = { dataset: 'xor', network: { layers: [output] }, loss: 'binaryCrossentropy', epochs: 5 }
const dense = (units: unknown) => ({ type: 'dense', units, activation: 'tanh' })
const withLayers = (...layers: unknown[]) => ({ ...xor, network: { layers } })
const unknownId = '0'.repeat(32)

const job = (name: string, body: unknown, is: Row['is'], says?: string): Row => ({
  name,
  send: { path: '/jobs', body: JSON.stringify(body) },
  is,
  says,
})
const raw = (name: string, body: Request['body'], is: Row['is'], says?: string, type?: string): Row => ({
  name,
  send: { path: '/jobs', body, type },
  is,
  says,
})
const get = (name: string, path: string, is: Row['is'], says?: string): Row => ({
  name,
  send: { path },
  is,
  says,
})

/** Every route with an id. */
const routesWithIds: [method: string, before: string, after: string][] = [
  ['GET', '/jobs/', ''],
  ['DELETE', '/jobs/', ''],
  ['POST', '/jobs/', '/cancel'],
  ['POST', '/jobs/', '/pause'],
  ['POST', '/jobs/', '/resume'],
  ['GET', '/jobs/', '/epochs'],
  ['GET', '/jobs/', '/stream'],
  ['POST', '/jobs/', '/stream-tickets'],
  ['POST', '/jobs/', '/share-links'],
  ['GET', '/jobs/', '/share-links'],
  ['DELETE', '/jobs/', '/share-links/none'],
  ['GET', '/sweeps/', '/stream'],
  ['GET', '/jobs/', '/rows'],
  ['GET', '/models/', ''],
  ['DELETE', '/models/', ''],
  ['GET', '/models/', '/weights'],
  ['GET', '/models/', '/predict?x=1'],
  ['GET', '/datasets/', ''],
  ['DELETE', '/datasets/', ''],
  ['GET', '/datasets/', '/rows'],
  ['GET', '/datasets/', '/rows/0/image.png'],
  ['GET', '/webhooks/', ''],
  ['DELETE', '/webhooks/', ''],
  ['GET', '/problems/', ''],
]

const hostileIds: [name: string, id: string, is: Row['is']][] = [
  ['NUL', '%00', 'invalid-request'],
  ['NUL within an id', `job_${unknownId}%00`, 'invalid-request'],
  ['%2f..', '%2f..%2f..%2fetc%2fpasswd', 'not-found'],
  ['..%2f', '..%2fdatasets', 'not-found'],
  ['half a percent code', '%f', 'invalid-request'],
  ['bytes that are no UTF-8', '%ff%fe', 'invalid-request'],
  ['a lone surrogate in UTF-8', '%ed%a0%80', 'invalid-request'],
  ['101 characters', 'x'.repeat(101), 'invalid-request'],
  ['2,000 characters', 'x'.repeat(2_000), 'invalid-request'],
  ['SQL', "x'%20OR%201=1--", 'not-found'],
  ['__proto__', '__proto__', 'not-found'],
  ['an id that never was', `job_${unknownId}`, 'not-found'],
]

describe('ids', () => {
  testRows(
    url,
    routesWithIds.flatMap(([method, before, after]) =>
      hostileIds.map(([name, id, is]) => ({
        name: `${name}: ${method} ${before}…${after}`,
        send: { method, path: `${before}${id}${after}` },
        is,
      })),
    ),
  )
})

const whole = JSON.stringify(xor)

/** With pauses, so that the refusal is read before a later write fails. */
async function* inPieces(whole: string, times: number) {
  for (let time = 0; time < times; time++) {
    yield Buffer.from(whole)
    await sleep(1)
  }
}

describe('bodies', () => {
  testRows(url, [
    raw(
      'a body too large',
      `{"name":"${'x'.repeat(262_144)}"}`,
      'body-too-large',
      serverLimits.MAXIMUM_BODY_BYTES,
    ),
    raw(
      'a body without end',
      inPieces('[1,'.repeat(1_000), Number.POSITIVE_INFINITY),
      'body-too-large',
      serverLimits.MAXIMUM_BODY_BYTES,
    ),
    raw('a name twice in one object', `{"epochs":1,${whole.slice(1)}`, 'malformed-json', 'epochs'),
    raw(
      'a name twice, once in other letters',
      `{"\\u0065pochs":1,${whole.slice(1)}`,
      'malformed-json',
      'epochs',
    ),
    raw(
      'a name twice deep inside',
      whole.replace('"units":1', '"units":1,"units":1'),
      'malformed-json',
      'units',
    ),
    raw(
      'a name in two objects',
      JSON.stringify({ ...withLayers(dense(2), output), metadata: { type: 'a' } }),
      202,
    ),
    raw('a quote in a name', '{"a\\"":1,"a\\"":2}', 'malformed-json', 'twice'),
    raw('__proto__', '{"__proto__":{"epochs":1}}', 'malformed-json', '__proto__'),
    raw('__proto__ in other letters', '{"\\u005f_proto__":{"epochs":1}}', 'malformed-json', '__proto__'),
    raw('constructor.prototype', '{"constructor":{"prototype":{}}}', 'malformed-json', '__proto__'),
    raw(
      'metadata called constructor',
      JSON.stringify({ ...xor, metadata: { constructor: 'a', toString: 'b' } }),
      202,
      '"toString":"b"',
    ),
    raw(
      'a lone surrogate',
      JSON.stringify({ ...xor, name: 'a\ud800b' }),
      'invalid-request',
      'lone surrogate',
    ),
    raw(
      'a lone surrogate in UTF-8',
      Buffer.from(whole.replace('xor', '\xed\xa0\x80'), 'latin1'),
      'malformed-json',
      'UTF-8',
    ),
    raw('invalid UTF-8', Buffer.from(whole.replace('xor', 'x\xff'), 'latin1'), 'malformed-json', 'UTF-8'),
    raw('UTF-16, little-endian', Buffer.from(`\ufeff${whole}`, 'utf16le'), 'malformed-json'),
    raw('UTF-16, big-endian', Buffer.from(`\ufeff${whole}`, 'utf16le').swap16(), 'malformed-json'),
    raw(
      'UTF-16 as its type says',
      Buffer.from(whole, 'utf16le'),
      'malformed-json',
      undefined,
      'application/json; charset=utf-16',
    ),
    raw('a byte order mark before UTF-8', Buffer.from(`\ufeff${whole}`), 202),
    raw('200,000 nested lists', '['.repeat(100_000) + ']'.repeat(100_000), 'too-deep', '32'),
    raw('100,000 nested objects', `${'{"a":'.repeat(50_000)}1`, 'too-deep'),
    raw('many brackets within a text', JSON.stringify({ ...xor, metadata: { a: '['.repeat(500) } }), 202),
    raw('an open text', `{"name":"${'['.repeat(100)}`, 'malformed-json'),
    raw('a comma too many', '{"dataset":"xor",}', 'malformed-json'),
    raw('a comment', '{/**/}', 'malformed-json'),
    raw('nothing', '', 'malformed-json', 'empty'),
    raw('spaces', '   ', 'malformed-json', 'empty'),
    raw('a form', 'a=1', 'unsupported-media-type', undefined, 'application/x-www-form-urlencoded'),
    raw('a type that is none', whole, 'unsupported-media-type', undefined, 'nonsense'),
    {
      name: 'unsupported gzip encoding',
      send: { path: '/jobs', body: whole, headers: { 'content-encoding': 'gzip' } },
      is: 'unsupported-media-type',
      says: 'gzip',
    },
    {
      name: 'a body on a route without one',
      send: { method: 'POST', path: `/jobs/job_${unknownId}/cancel`, body: '{"a":1}' },
      is: 'not-found',
    },
  ])
})

describe('numbers', () => {
  const number = (name: string, literal: string, says: string, field = 'epochs'): Row =>
    raw(
      name,
      JSON.stringify({ ...xor, [field]: 'NUMBER' }).replace('"NUMBER"', literal),
      'invalid-request',
      says,
    )
  testRows(url, [
    number('1e999', '1e999', '/epochs'),
    number('-1e999', '-1e999', '/clipNorm', 'clipNorm'),
    number('an unsafe integer', '9007199254740993', '/seed', 'seed'),
    number('an integer of 400 digits', '9'.repeat(400), '/seed', 'seed'),
    number('"0x10"', '"0x10"', '/epochs'),
    number('"10"', '"10"', '/epochs'),
    number('true', 'true', '/epochs'),
    number('null', 'null', '/epochs'),
    number('[5]', '[5]', '/epochs'),
    number('{"valueOf":5}', '{"valueOf":5}', '/epochs'),
    number('a broken one', '1.5', '/epochs'),
    number('almost one', '0.9999999999999999', '/epochs'),
    number('−1', '-1', '/epochs'),
    number('−0', '-0', '/epochs'),
    raw('NaN', whole.replace(':5', ':NaN'), 'malformed-json'),
    raw('Infinity', whole.replace(':5', ':Infinity'), 'malformed-json'),
    raw('0x10', whole.replace(':5', ':0x10'), 'malformed-json'),
    raw('05', whole.replace(':5', ':05'), 'malformed-json'),
    get('a page of 1e3', '/jobs?limit=1e3', 'invalid-request', '/limit'),
    get('a page of 0x10', '/jobs?limit=0x10', 'invalid-request', '/limit'),
    get('a page of −1', '/jobs?limit=-1', 'invalid-request', '/limit'),
    get('a page of 9…9', `/jobs?limit=${'9'.repeat(30)}`, 'invalid-request', '/limit'),
    get('a page of nothing', '/jobs?limit=', 'invalid-request', '/limit'),
  ])
})

describe('networks', () => {
  testRows(url, [
    job(
      'dense 10⁶ × 10⁶',
      withLayers(dense(1e6), dense(1e6), output),
      'model-too-large',
      'MAXIMUM_ARENA_BYTES',
    ),
    job('257 layers', withLayers(...Array(257).fill(output)), 'invalid-request', 'at most 256'),
    raw(
      '10⁶ layers',
      inPieces(`${JSON.stringify({ type: 'flatten' })},`.repeat(1_000), 1_000),
      'body-too-large',
    ),
    job(
      '10,000 layers',
      withLayers(...Array(10_000).fill({ type: 'flatten' })),
      'invalid-request',
      'at most 256',
    ),
    ...[0, -1, 2.5, 1_000_001, 1e300].map((units) =>
      job(`${units} units`, withLayers(dense(units), output), 'invalid-request', '/network/layers/0/units'),
    ),
    job(
      'a reshape beyond all numbers',
      withLayers({ type: 'reshape', targetShape: [2 ** 52, 2 ** 52, 2 ** 52] }, output),
      'invalid-spec',
    ),
    job(
      'a kernel larger than the signal',
      {
        ...withLayers({ type: 'conv1d', filters: 1, kernelSize: 2 ** 53 - 1 }, { type: 'flatten' }, output),
        network: {
          inputShape: [1, 2],
          layers: [{ type: 'conv1d', filters: 1, kernelSize: 2 ** 53 - 1 }, { type: 'flatten' }, output],
        },
      },
      'invalid-spec',
    ),
    job(
      'a batch beyond all rows',
      { ...xor, batchSize: Number.MAX_SAFE_INTEGER },
      'invalid-spec',
      'batchSize',
    ),
    job(
      'work without end',
      { ...withLayers(dense(1_000), dense(1_000), output), epochs: 1e7 },
      'budget-exceeded',
      'MAXIMUM_JOB_FLOPS',
    ),
    job('more threads than are allowed', { ...xor, threads: 64 }, 'budget-exceeded', 'MAXIMUM_THREADS'),
    job('65 threads', { ...xor, threads: 65 }, 'invalid-request', '/threads'),
    job(
      'rows enough for a computer centre',
      { ...xor, dataset: { name: 'spirals', rows: 1e12 } },
      'invalid-request',
      '/dataset/rows',
    ),
  ])
})

describe('objects and headers', () => {
  testRows(url, [
    job('a status in the body', { ...xor, status: 'succeeded' }, 'invalid-request', '/status'),
    job('a tenant in the body', { ...xor, tenantId: 'blue' }, 'invalid-request', '/tenantId'),
    job('an id in the body', { ...xor, id: `job_${unknownId}` }, 'invalid-request', '/id'),
    job('a model in the body', { ...xor, modelId: `mdl_${unknownId}` }, 'invalid-request', '/modelId'),
    job('a dataset that is none', { ...xor, dataset: `ds_${unknownId}` }, 'invalid-spec', '/dataset'),
    job('a path as dataset', { ...xor, dataset: '../../etc/passwd' }, 'invalid-spec', '/dataset'),
    job('a model that is none', { ...xor, from: `mdl_${unknownId}` }, 'invalid-spec', '/from'),
    {
      name: 'a deleted dataset',
      send: async () => {
        const upload = { path: '/datasets', body: 'a,b\n1,2\n3,4\n', type: 'text/csv' }
        const { id } = JSON.parse((await send(url(), upload)).text)
        expect((await send(url(), { method: 'DELETE', path: `/datasets/${id}` })).status).toBe(204)
        return { path: '/jobs', body: JSON.stringify({ ...xor, dataset: id }) }
      },
      is: 'invalid-spec',
      says: '/dataset',
    },
    {
      name: 'another method by header',
      send: { method: 'POST', path: '/jobs', headers: { 'x-http-method-override': 'GET' } },
      is: 'invalid-request',
    },
    { name: 'an unknown method', send: { method: 'PROPFIND', path: '/jobs' }, is: 'not-found' },
    { name: 'TRACE', send: { method: 'TRACE', path: '/jobs' }, is: 'not-found' },
    {
      name: 'a key of 512 bytes',
      send: { path: '/jobs', body: whole, headers: { 'idempotency-key': 'x'.repeat(512) } },
      is: 'invalid-request',
      says: 'idempotency-key',
    },
    {
      name: 'an invalid traceparent',
      send: { path: '/health/live', headers: { traceparent: 'x'.repeat(1_000), 'x-request-id': '<script>' } },
      is: 200,
    },
    get('an address of 20 KB', `/jobs?after=${'x'.repeat(20_000)}`, 'headers-too-large', '16384'),
    {
      name: 'headers of 20 KB',
      send: { path: '/jobs', headers: { a: 'x'.repeat(20_000) } },
      is: 'headers-too-large',
    },
    get('two of one parameter', '/jobs?limit=1&limit=2', 'invalid-request', '/limit'),
    get('a list as parameter', '/jobs?limit[]=1', 'invalid-request', 'limit[]'),
    get('__proto__ as parameter', '/jobs?__proto__=1', 'invalid-request', '__proto__'),
    get('1,000 parameters', `/jobs?${'a=1&'.repeat(1_000)}`, 'invalid-request', '/a'),
    get('a cursor of another list', '/models?after=job_1', 'invalid-request', '/after'),
  ])
})

const webhook = (name: string, target: unknown, is: Row['is']): Row => ({
  name,
  send: { path: '/webhooks', body: JSON.stringify({ url: target }) },
  is,
})

describe('webhooks', () => {
  testRows(url, [
    // Addresses are checked at each delivery: test/webhooks/address.test.ts and sender.test.ts.
    webhook('loopback, which no delivery reaches', 'http://2130706433/', 201),
    webhook('a file', 'file:///etc/passwd', 'invalid-request'),
    webhook('a script', 'javascript:alert(1)', 'invalid-request'),
    webhook('a name and password', 'https://user:secret@example.com/', 'invalid-request'),
    webhook('an address of 5,000 characters', `https://example.com/${'x'.repeat(5_000)}`, 'invalid-request'),
    webhook('no address', 5, 'invalid-request'),
  ])
})

describe('connections', () => {
  testRows(url, [
    { name: 'not HTTP', send: (to) => sendBytes(to, ['what?\r\n\r\n']), is: 'invalid-request' },
    {
      name: 'TLS',
      send: (to) => sendBytes(to, ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03']),
      is: 'invalid-request',
    },
    {
      name: 'two content-length headers',
      send: (to) =>
        sendBytes(to, [
          'POST /jobs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
        ]),
      is: 'invalid-request',
    },
    {
      name: 'content-length and chunked encoding',
      send: (to) =>
        sendBytes(to, [
          'POST /jobs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
        ]),
      is: 'invalid-request',
    },
    {
      name: 'a chunk without a size',
      send: (to) =>
        sendBytes(to, [
          'POST /jobs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
        ]),
      is: 'invalid-request',
    },
    {
      name: 'a header with a line break',
      send: (to) => sendBytes(to, ['GET /jobs HTTP/1.1\r\nhost: localhost\r\na\nb: c\r\n\r\n']),
      is: 'invalid-request',
    },
    {
      name: 'a missing host header',
      send: (to) => sendBytes(to, ['GET /jobs HTTP/1.1\r\nconnection: close\r\n\r\n']),
      is: 'invalid-request',
    },
  ])

  it('408: an incomplete body with a content-length', { timeout: 60_000 }, async () => {
    const head =
      'POST /jobs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n'
    const slow = await sendBytes(url(), [`${head}{`, ...Array(20).fill(' ')], 500)
    expect(slow.status).toBe(408)
    expect(JSON.parse(slow.text)).toMatchObject({ code: 'request-timeout' })
  })

  it('a client that disconnects within a body leaves no job', async () => {
    const before = await server.database.job.count()
    const head = `POST /jobs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${whole.length}\r\n\r\n`
    await sendAndLeave(url(), head + whole.slice(0, -1))
    await send(url(), { path: '/jobs' })
    expect(await server.database.job.count()).toBe(before)
  })
})

describe('a cancellation that races the completion', () => {
  it('ends each job once: 200 and cancelled, or 409 and succeeded', async () => {
    const claims = []
    for (let index = 0; index < 40; index++) claims.push(await startJob(server, `worker_${index}`))
    const ends = await Promise.all(
      claims.map(async (claim) => {
        const [answer, succeeded] = await Promise.all([
          send(url(), { method: 'POST', path: `/jobs/${claim.jobId}/cancel` }),
          server.runs.succeed(claim, linearModel()),
        ])
        const job = JSON.parse((await send(url(), { path: `/jobs/${claim.jobId}` })).text)
        expect(answer.status).toBe(succeeded ? 409 : 200)
        expect(job.status).toBe(succeeded ? 'succeeded' : 'cancelled')
        expect(job.modelId === null).toBe(!succeeded)
        return job.status
      }),
    )
    expect(ends).toHaveLength(40)
  })
})

describe('after these requests', () => {
  it('valid requests are answered', async () => {
    await storeModel(server)
    expect((await send(url(), { path: '/jobs', body: whole })).status).toBe(202)
    expect((await send(url(), { path: '/models' })).status).toBe(200)
  })
})
