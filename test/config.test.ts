import { describe, expect, it } from 'vitest'
import { defaultLimits, readConfig } from '../src/config.js'
import { limitNames } from '../src/contract/limits.js'
import { compileTrust } from '../src/http/client-address.js'

describe('the settings', () => {
  it('have a default each, and an empty value counts as not set', () => {
    const config = readConfig({ PORT: '', DATABASE_URL: '' })
    expect(config).toMatchObject({
      HOST: '127.0.0.1',
      PORT: 3000,
      LOG_LEVEL: 'info',
      MAXIMUM_BODY_BYTES: 2 ** 20,
    })
    expect(config.DATABASE_URL).toBeUndefined()
    expect(Object.isFrozen(config)).toBe(true)
  })

  it.each([
    ['PORT', 'abc'],
    ['PORT', '65536'],
    ['PORT', '1.5'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['REDIS_URL', 'http://localhost'],
    ['WORKER_CONCURRENCY', '0'],
    ['LOG_LEVEL', 'loud'],
    ['MAXIMUM_JOB_FLOPS', '-1'],
    ['MAXIMUM_EPOCHS', '0'],
    ['MAXIMUM_QUEUED_JOBS', '1.5'],
    ['MAXIMUM_ARENA_BYTES', '1e12'],
    ['MAXIMUM_FAILED_AUTHENTICATIONS_PER_MINUTE', '0'],
    ['TRUSTED_PROXIES', '10.0.0.0/8,proxy.example'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'secret'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'key=%E0%A4%A'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
    ['OTEL_TRACES_SAMPLER_ARG', 'always'],
  ])('refuse %s=%s, naming it', (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(name)
  })

  it('read the headers of the collector', () => {
    const OTEL_EXPORTER_OTLP_HEADERS = 'x-key=a%3Db, authorization = Basic%20eA=='
    const { OTEL_EXPORTER_OTLP_HEADERS: headers } = readConfig({ OTEL_EXPORTER_OTLP_HEADERS })
    expect(headers).toEqual({ 'x-key': 'a=b', authorization: 'Basic eA==' })
    expect(() => readConfig({ OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a,hush' })).not.toThrow('hush')
  })

  it('name everything that does not fit at once', () => {
    expect(() => readConfig({ PORT: 'x', HOST: 'h', LOG_LEVEL: 'x' })).toThrow(/PORT: .*\n.*LOG_LEVEL: /)
  })

  it('of tenants are the defaults of every limit', () => {
    const limits = defaultLimits(readConfig({ MAXIMUM_EPOCHS: '7' }))
    expect(limits.epochs).toBe(7)
    expect(Object.keys(limits)).toEqual(limitNames)
  })

  it('take proxies as addresses and networks', () => {
    const { TRUSTED_PROXIES } = readConfig({ TRUSTED_PROXIES: '127.0.0.1, ::1,10.0.0.0/8, fd00::/8' })
    expect(TRUSTED_PROXIES).toEqual(['127.0.0.1', '::1', '10.0.0.0/8', 'fd00::/8'])
    const trusts = compileTrust(TRUSTED_PROXIES)
    expect(['10.1.2.3', 'fd12::1', '::1', '11.1.2.3'].map((each) => trusts(each, 0))).toEqual([
      true,
      true,
      true,
      false,
    ])
  })
})
