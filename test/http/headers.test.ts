/** Response headers for browsers and caches. */
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import helmet from '@fastify/helmet'
import fastify from 'fastify'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentHeaders, securityHeaders } from '../../src/http/plugins/security-headers.js'
import { openApp, type RunningApp } from '../support/app.js'
import { storeModel } from '../support/stores.js'

interface OpenapiDocument {
  paths: Record<string, { get?: { responses: object } }>
}

const script = 'index-0123abcd.js'
let service: RunningApp
let page: string

beforeAll(async () => {
  page = mkdtempSync(join(tmpdir(), 'descent-page-'))
  mkdirSync(join(page, 'assets'))
  writeFileSync(join(page, 'index.html'), '<!doctype html>')
  writeFileSync(join(page, 'assets', script), '')
  service = await openApp(undefined, undefined, page)
})

afterAll(async () => {
  await service.close()
  rmSync(page, { recursive: true })
})

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

/** The headers that helmet computes for the policy of the API. */
async function helmetHeaders(): Promise<Record<string, unknown>> {
  const other = fastify()
  await other.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
  })
  other.get('/', async () => '')
  const { headers } = await other.inject('/')
  await other.close()
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^(content-(type|length)|date|connection)$/.test(name)),
  )
}

describe('the headers that helmet sends', () => {
  it('are split into those of every response and those of documents', async () => {
    expect({ ...securityHeaders, ...documentHeaders }).toEqual(await helmetHeaders())
  })

  // OWASP, REST Security Cheat Sheet, section "Security Headers": framing and type of content, besides caching and TLS.
  it.each([
    ['/health/live'],
    ['/nowhere'],
    ['/models'],
    ['/models/none/predict'],
  ])('are the short set for a response of the API: %s', async (path) => {
    const { headers } = await ask(path).set('accept', 'text/html')
    expect(headers['content-type']).not.toContain('html')
    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
    })
    for (const name of Object.keys(documentHeaders)) expect(headers[name], name).toBeUndefined()
    expect(headers['strict-transport-security']).toBeUndefined()
  })

  it('are all sent with a document, and with the files that it loads', async () => {
    const { 'content-security-policy': _, ...expected } = await helmetHeaders()
    const described: OpenapiDocument = (await ask('/openapi.json').expect(200)).body
    const documented = Object.entries(described.paths).flatMap(([path, { get }]) =>
      JSON.stringify(get?.responses ?? {}).includes('"text/html"')
        ? [path.replace('{code}', 'internal')]
        : [],
    )
    expect(documented).toContain('/problems')
    const paths = [...documented, '/', `/assets/${script}`, '/docs', '/docs/static/swagger-ui.css']
    for (const path of paths) {
      const { headers } = await ask(path).set('accept', 'text/html').expect(200)
      expect(headers, path).toMatchObject(expected)
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
