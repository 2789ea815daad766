/** Host names and origins that a service accepts, and similar ones that it refuses. */
import fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rejectForeignOrigins } from '../../src/http/plugins/origins.js'

const keyMonitor = { isOpen: true }
const allowedOrigins = ['https://allowed.example', 'http://allowed.example:8080']
const app = fastify()

beforeAll(async () => {
  await app.register(rejectForeignOrigins, { allowedOrigins, keyMonitor })
  app.get('/private', { config: { scope: 'jobs:read' } }, () => 'private')
  app.get('/public', { config: { scope: 'public' } }, () => 'public')
  app.setErrorHandler((error, _request, reply) => {
    const code = error instanceof Error && 'code' in error ? error.code : null
    return reply.code(code === 'foreign-origin' ? 403 : 500).send({ code })
  })
  await app.ready()
})

afterAll(() => app.close())

const status = async (headers: Record<string, string>, url = '/private') =>
  (await app.inject({ url, headers })).statusCode

describe('the host of a request to an open service', () => {
  it.each([
    ['localhost'],
    ['localhost:3000'],
    ['LOCALHOST'],
    ['LocalHost:80'],
    ['descent.localhost'],
    ['a.b.localhost:3000'],
    ['127.0.0.1'],
    ['127.0.0.1:65535'],
    ['127.8.9.10'],
    ['[::1]'],
    ['[::1]:3000'],
    ['allowed.example'],
    ['allowed.example:8080'],
  ])('may be %s', async (host) => expect(await status({ host })).toBe(200))

  it.each([
    ['evil.example'],
    ['localhost.evil.example'],
    ['localhost:80@evil.example'],
    ['evil.example?.localhost:80/'],
    ['localhost.evil.example:3000'],
    ['descent.localhost.evil.example'],
    ['127.0.0.1.evil.example'],
    ['127.0.0.1.evil.example:3000'],
    ['evil-localhost'],
    ['evillocalhost'],
    ['localhost-evil'],
    ['.localhost'],
    ['localhost.'],
    ['localhost.:3000'],
    ['127.0.0.1.'],
    ['127.0.0'],
    ['127.1'],
    ['127.0.0.0001'],
    ['127.0.0.1.1'],
    ['128.0.0.1'],
    ['27.0.0.1'],
    ['1127.0.0.1'],
    ['0.0.0.0'],
    ['2130706433'],
    ['0x7f.0.0.1'],
    ['10.0.0.1'],
    ['[::]'],
    ['[::2]'],
    ['[::11]'],
    ['[::1%eth0]'],
    ['[::ffff:127.0.0.1]'],
    ['[fe80::1]'],
    ['localhost@evil.example'],
    ['user@localhost'],
    ['user:localhost'],
    ['evil.example#localhost'],
    ['evil.example/localhost'],
    ['allowed.example:80'],
    ['allowed.example:8081'],
    ['allowed.example.'],
    ['allowed.example.evil.example'],
    ['www.allowed.example'],
    ['notallowed.example'],
  ])('may not be %s', async (host) => {
    expect(await status({ host })).toBe(403)
    expect(await status({ host }, '/public')).toBe(200)
  })

  it('is checked after a valid one, and is not checked while keys are needed', async () => {
    expect(await status({ host: 'localhost:3000' })).toBe(200)
    expect(await status({ host: 'localhost.evil.example:3000' })).toBe(403)
    expect(await status({ host: 'localhost.evil.example:3000' })).toBe(403)
    keyMonitor.isOpen = false
    expect(await status({ host: 'anything.example' })).toBe(200)
    keyMonitor.isOpen = true
    expect(await status({ host: 'anything.example' })).toBe(403)
  })
})

describe('the origin of a request', () => {
  const host = 'localhost:3000'

  it.each([
    ['http://localhost:3000'],
    ['https://localhost:3000'],
    ['https://allowed.example'],
    ['http://allowed.example:8080'],
  ])('may be %s', async (origin) => expect(await status({ host, origin })).toBe(200))

  it.each([
    ['null'],
    [''],
    ['localhost:3000'],
    ['http://localhost'],
    ['http://localhost:3001'],
    ['http://localhost:30000'],
    ['http://localhost.:3000'],
    ['http://localhost.evil.example:3000'],
    ['http://127.0.0.1:3000'],
    ['http://localhost:3000@evil.example'],
    ['http://localhost:3000.evil.example'],
    ['http://allowed.example'],
    ['https://allowed.example:8080'],
    ['https://allowed.example.'],
    ['https://www.allowed.example'],
    ['https://allowed.example.evil.example'],
    ['https://allowed.example/'],
    ['HTTPS://ALLOWED.EXAMPLE'],
    ['https://allowed.example, https://evil.example'],
  ])('may not be %j', async (origin) => {
    expect(await status({ host, origin })).toBe(403)
    // Also with a key, which a browser may store for another page.
    keyMonitor.isOpen = false
    expect(await status({ host, origin })).toBe(403)
    keyMonitor.isOpen = true
    expect(await status({ host, origin }, '/public')).toBe(403)
  })
})
