/** Response headers for browsers and caches. */
import { once } from 'node:events'
import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import helmet from '@fastify/helmet'
import fastify from 'fastify'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { securityHeaders } from '../../src/http/plugins/security-headers.js'
import { openApp, type RunningApp } from '../support/app.js'
import { storeModel } from '../support/stores.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})

afterAll(() => service.close())

const ask = (path: string) => request(service.app.server).get(path)

describe('the headers for browsers', () => {
  it.each([
    ['/health/live'],
    ['/nowhere'],
    ['/docs'],
    ['/problems/internal'],
    ['/docs/static/swagger-ui.css'],
  ])('allow no foreign content: %s', async (path) => {
    const { headers } = await ask(path).set('accept', 'text/html')
    const policy = headers['content-security-policy']
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    // A header that is sent twice would contain a comma.
    expect(policy).not.toContain(',')
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline/)
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['x-powered-by']).toBeUndefined()
  })
})

describe('the headers that helmet sends', () => {
  it('are sent as helmet computes them', async () => {
    const other = fastify()
    await other.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      strictTransportSecurity: false,
      referrerPolicy: { policy: 'no-referrer' },
    })
    other.get('/', async () => '')
    const expected = (await other.inject('/')).headers
    await other.close()
    const names = Object.keys(expected).filter(
      (name) => !/^(content-(type|length)|date|connection)$/.test(name),
    )
    expect(names).toHaveLength(11)
    for (const path of ['/health/live', '/nowhere', '/models/none/predict']) {
      const { headers } = await ask(path)
      for (const name of names) expect(headers[name], `${path} ${name}`).toBe(expected[name])
      expect(headers['strict-transport-security']).toBeUndefined()
    }
  })
})

describe('the headers of a refused upgrade', () => {
  it('are those of every response', async () => {
    const usual = (await ask('/health/live')).headers
    await service.app.listen({ host: '127.0.0.1', port: 0 })
    const headers = await refusedUpgrade(service.app.listeningOrigin, '/jobs/none/stream')
    for (const name of Object.keys(securityHeaders)) expect(headers[name], name).toBe(usual[name])
  })
})

/** Returns the response headers of a refused upgrade. */
async function refusedUpgrade(origin: string, path: string): Promise<IncomingHttpHeaders> {
  const handshake = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  const sent = get(new URL(path, origin), { headers: handshake })
  const [response]: IncomingMessage[] = await once(sent, 'response')
  response.resume()
  return response.headers
}

describe('an ETag', () => {
  it.each([['/models'], ['/datasets'], ['/datasets/xor']])('of %s is answered 304', async (path) => {
    const first = await ask(path).expect(200)
    const tag = first.headers.etag
    expect(tag).toMatch(/^"[\w-]{43}"$/)
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await ask(path).set('if-none-match', header)
      expect(again.status, header).toBe(304)
      expect(again.text).toBe('')
      expect(again.headers.etag).toBe(tag)
    }
    expect((await ask(path).set('if-none-match', '"other"')).text).toBe(first.text)
  })

  it('changes with the response', async () => {
    const before = await ask('/models').expect(200)
    const model = await storeModel(service)
    const after = await ask('/models').set('if-none-match', before.headers.etag).expect(200)
    expect(after.body.data[0].id).toBe(model.id)
    await ask(`/models/${model.id}`).set('if-none-match', before.headers.etag).expect(200)
  })

  it('is not sent with errors', async () => {
    const { headers } = await ask('/models/none').set('if-none-match', '*').expect(404)
    expect(headers.etag).toBeUndefined()
  })
})
