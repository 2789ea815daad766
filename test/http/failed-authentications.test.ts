/** An address that sends invalid keys is refused without a lookup; valid keys are exempt. */
import request from 'supertest'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { FailedAuthentications } from '../../src/http/failed-authentications.js'
import { TokenBuckets } from '../../src/http/token-buckets.js'
import { makeKey, makeTicket } from '../../src/training/key-text.js'
import { byTest } from '../support/actor.js'
import { openApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { newJob } from '../support/stores.js'
import { upTo } from '../support/watching.js'

const perMinute = 5

async function openStrict(trustedProxies: string[] = []) {
  const failures = new FailedAuthentications(perMinute, trustedProxies)
  const service = await openApp(undefined, undefined, null, undefined, failures)
  onTestFinished(() => service.close())
  const { header } = await keyFor(service, 'blue', ['jobs:write'])
  const get = (authorization: string, forwardedFor?: string) =>
    request(service.app.server)
      .get('/jobs')
      .set({
        authorization,
        ...(forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }),
      })
  const wrong = (forwardedFor?: string) => get(`Bearer ${makeKey().text}`, forwardedFor)
  return { service, header, get, wrong }
}

/** Counts the key lookups since then. */
async function lookUps(service: Awaited<ReturnType<typeof openApp>>): Promise<() => number> {
  let count = 0
  const { find } = service.keys
  service.keys.find = async (id) => {
    count += 1
    return find(id)
  }
  return () => count
}

describe('invalid keys', () => {
  it('are refused with 429 above the limit, without a lookup, until the bucket refills', async () => {
    const { service, wrong } = await openStrict()
    const count = await lookUps(service)
    for (const _ of upTo(perMinute)) expect((await wrong()).status).toBe(401)
    expect(count()).toBe(perMinute)
    const refused = await wrong()
    expect(refused.body).toMatchObject({ status: 429, code: 'rate-limited' })
    expect(refused.body.detail).toContain(
      'This address sent too many invalid keys, stream tickets or share links; the limit is 5 a minute (MAXIMUM_FAILED_AUTHENTICATIONS_PER_MINUTE)',
    )
    const seconds = Number(refused.headers['retry-after'])
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(60 / perMinute)
    expect(count()).toBe(perMinute)
  })

  it('and texts that are not keys, and invalid stream tickets, count too', async () => {
    const { service, get } = await openStrict()
    const { id } = await service.jobs.of('blue').create(newJob())
    for (const _ of upTo(3)) expect((await get('Bearer nonsense')).status).toBe(401)
    const ticket = () => request(service.app.server).get(`/jobs/${id}/stream?ticket=${makeTicket().text}`)
    for (const _ of upTo(2)) expect((await ticket()).status).toBe(401)
    expect((await ticket()).status).toBe(429)
    expect((await get('Bearer nonsense')).status).toBe(429)
    // A request without a key is not a failure.
    expect((await request(service.app.server).get('/jobs')).status).not.toBe(429)
  })

  it('that arrive together delay the next attempt', async () => {
    const { wrong } = await openStrict()
    await Promise.all(upTo(20).map(() => wrong()))
    const refused = await wrong()
    expect(refused.status).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  })
})

describe('a valid key', () => {
  it('that was used before is exempt from the limit of its address, unless it is revoked', async () => {
    const { service, header, get, wrong } = await openStrict()
    expect((await get(header)).status).toBe(200)
    for (const _ of upTo(perMinute)) await wrong()
    expect((await wrong()).status).toBe(429)
    expect((await get(header)).status).toBe(200)
    // Its stream tickets are exempt too, although each is used for the first time.
    const { id } = await service.jobs.of('blue').create(newJob())
    const { body } = await request(service.app.server)
      .post(`/jobs/${id}/stream-tickets`)
      .set('authorization', header)
    expect((await request(service.app.server).get(body.stream)).status).toBe(426)

    for (const key of await service.keys.listAll()) {
      if (key.status === 'live') await service.keys.revoke(key.id, byTest)
    }
    expect((await get(header)).status).toBe(401)
    expect((await get(header)).status).toBe(429)
  })

  it('that is used for the first time waits until the bucket refills', async () => {
    const { service, get, wrong } = await openStrict()
    for (const _ of upTo(perMinute)) await wrong()
    const { header } = await keyFor(service, 'red', ['jobs:read'])
    expect((await get(header)).status).toBe(429)
  })
})

describe('the address', () => {
  it('is that of the connection, not of x-forwarded-for', async () => {
    const { wrong } = await openStrict()
    for (const n of upTo(perMinute)) await wrong(`203.0.113.${n}`)
    expect((await wrong('203.0.113.99')).status).toBe(429)
  })

  it('is the one that a trusted proxy reports', async () => {
    const { wrong } = await openStrict(['127.0.0.1', '::1', '10.0.0.0/8'])
    for (const _ of upTo(perMinute)) await wrong('198.51.100.1')
    expect((await wrong('198.51.100.1')).status).toBe(429)
    expect((await wrong('198.51.100.2')).status).toBe(401)
    // The entries of a client precede those of the proxies.
    expect((await wrong('198.51.100.7, 198.51.100.1')).status).toBe(429)
    expect((await wrong('198.51.100.1, 10.1.2.3')).status).toBe(429)
    expect((await wrong('nonsense')).status).toBe(401)
  })

  it('is a /64 network for IPv6', async () => {
    const { wrong } = await openStrict(['127.0.0.1', '::1'])
    for (const n of upTo(perMinute)) await wrong(`2001:db8:0:1::${n}`)
    expect((await wrong('2001:db8:0:1:ffff::1')).status).toBe(429)
    expect((await wrong('2001:db8:0:2::1')).status).toBe(401)
    for (const _ of upTo(perMinute)) await wrong('::ffff:198.51.100.3')
    expect((await wrong('198.51.100.3')).status).toBe(429)
  })
})

describe('token buckets', () => {
  it('refill evenly, may be negative, and evict the oldest', () => {
    const buckets = new TokenBuckets()
    expect(buckets.left('a', 60)).toBe(60)
    for (const _ of upTo(70)) buckets.take('a', 60)
    expect(Math.round(buckets.left('a', 60))).toBe(-10)
    for (const n of upTo(20_000)) buckets.take(`other ${n}`, 60)
    expect(buckets.left('a', 60)).toBe(60)
    expect(buckets.left('other 20000', 60)).toBeLessThan(60)
    expect(buckets.size).toBe(10_000)
  })

  it('gain their tokens of a minute in a minute, and no more', () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
    onTestFinished(() => clock.mockRestore())
    const buckets = new TokenBuckets()
    for (const _ of upTo(60)) buckets.take('a', 60)
    expect(buckets.left('a', 60)).toBe(0)
    clock.mockReturnValue(15_000)
    expect(buckets.left('a', 60)).toBe(15)
    clock.mockReturnValue(3_600_000)
    expect(buckets.left('a', 60)).toBe(60)
  })
})
