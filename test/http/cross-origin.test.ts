/** What browsers let pages of allowed and of foreign origins read. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { problems } from '../../src/contract/problems.js'
import { generous, openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { storeModel } from '../support/stores.js'

const page = 'https://allowed.example'
const exposed =
  'content-disposition, etag, idempotency-replayed, inference-header-content-length, location, model-id, ' +
  'model-version, ratelimit, ratelimit-policy, retry-after, traceparent, www-authenticate, x-request-id'

let service: RunningApp
let modelId: string
let header: string

beforeAll(async () => {
  service = await openApp()
  modelId = (await storeModel(service)).id
  header = (await keyFor(service, 'local', ['models:predict'], null, [modelId])).header
  await vi.waitFor(async () => expect((await get('/jobs', {})).statusCode).toBe(401), { timeout: 10_000 })
})

afterAll(() => service.close())

const get = (url: string, headers: { origin?: string; host?: string; authorization?: string }) =>
  service.app.inject({ url, headers })
const corsHeaders = (headers: object) =>
  Object.keys(headers)
    .filter((name) => name.startsWith('access-control-'))
    .toSorted()

describe('an allowed origin', () => {
  it('reads an answer, without credentials', async () => {
    const { statusCode, headers } = await get(`/models/${modelId}/predict?x=1,2`, {
      origin: page,
      authorization: header,
    })
    expect(statusCode).toBe(200)
    expect(headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-expose-headers': exposed,
      vary: 'Origin',
    })
    expect(headers['access-control-allow-credentials']).toBeUndefined()
  })

  it.each([
    ['unauthorized', '/jobs', {}],
    ['unauthorized', '/jobs', { authorization: 'Bearer descent_wrong' }],
    ['forbidden', '/jobs', { authorization: () => header }],
    ['not-found', '/nowhere', {}],
    ['not-found', () => `/models/mdl_${'0'.repeat(32)}/predict?x=1,2`, { authorization: () => header }],
    ['invalid-request', () => `/models/${modelId}/predict`, { authorization: () => header }],
  ] as const)('reads the error %s of %s', async (code, url, given) => {
    const authorization = 'authorization' in given ? given.authorization : undefined
    const answer = await get(typeof url === 'string' ? url : url(), {
      origin: page,
      ...(authorization === undefined
        ? {}
        : { authorization: typeof authorization === 'string' ? authorization : authorization() }),
    })
    expect(answer.json()).toMatchObject({ code, status: problems[code].status })
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-expose-headers': exposed,
      vary: 'Origin',
    })
  })

  it('reads why its requests are too many, and when to retry', async () => {
    const few = await openApp(undefined, undefined, null, { ...generous, requestsPerMinute: 1 })
    const ask = () => few.app.inject({ url: '/limits', headers: { origin: page, host: 'localhost' } })
    expect((await ask()).statusCode).toBe(200)
    const { statusCode, headers } = await ask()
    await few.close()
    expect(statusCode).toBe(429)
    expect(headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-expose-headers': exposed,
      'retry-after': expect.anything(),
    })
  })

  it('varies by origin besides other headers', async () => {
    const { headers } = await get('/problems', { origin: page })
    expect(headers.vary).toBe('Origin, accept')
  })
})

describe('a preflight', () => {
  const preflight = (origin: string | undefined) =>
    service.app.inject({
      method: 'OPTIONS',
      url: `/models/${modelId}/predict`,
      headers: {
        host: 'localhost:3000',
        ...(origin === undefined ? {} : { origin }),
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type',
      },
    })

  it('of an allowed origin is answered without a key', async () => {
    const { statusCode, headers, body } = await preflight(page)
    expect([statusCode, body]).toEqual([204, ''])
    expect(headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': expect.stringMatching(/authorization, content-type/),
      'access-control-max-age': '600',
    })
    expect(headers['access-control-allow-credentials']).toBeUndefined()
  })

  it.each([
    ['https://foreign.example', 403],
    ['https://allowed.example:8443', 403],
    ['http://allowed.example', 403],
    ['null', 403],
    // Not of a page of another origin.
    ['http://localhost:3000', 404],
    [undefined, 404],
  ])('of %s is not answered', async (origin, status) => {
    const { statusCode, headers } = await preflight(origin)
    expect(statusCode).toBe(status)
    expect(corsHeaders(headers)).toEqual([])
  })
})

describe('another origin', () => {
  it.each([
    ['https://foreign.example'],
    ['null'],
    ['https://allowed.example.evil.example'],
  ])('%s gets no header, with and without a key', async (origin) => {
    for (const given of [{}, { authorization: header }]) {
      const answer = await get(`/models/${modelId}/predict?x=1,2`, { origin, ...given })
      expect(answer.json()).toMatchObject({ status: 403, code: 'foreign-origin' })
      expect(corsHeaders(answer.headers)).toEqual([])
      expect(answer.headers.vary).toBe('Origin')
    }
  })

  it('is none for clients that are no browsers, and for the pages of the service', async () => {
    for (const given of [{}, { host: 'localhost:3000', origin: 'http://localhost:3000' }]) {
      const answer = await get(`/models/${modelId}/predict?x=1,2`, { authorization: header, ...given })
      expect(answer.statusCode).toBe(200)
      expect(corsHeaders(answer.headers)).toEqual([])
    }
  })
})
