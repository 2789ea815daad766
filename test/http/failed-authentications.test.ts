/** An address that keeps sending wrong keys is refused before anybody looks for them; right keys are not. */
import request from 'supertest'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Buckets } from '../../src/http/buckets.js'
import { FailedAuthentications } from '../../src/http/failed-authentications.js'
import { makeKey, makeTicket } from '../../src/training/key-text.js'
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

/** How many look-ups of keys the database was asked for since. */
async function lookUps(service: Awaited<ReturnType<typeof openApp>>): Promise<() => number> {
  let count = 0
  const { find } = service.keys
  service.keys.find = async (id) => {
    count += 1
    return find(id)
  }
  return () => count
}

describe('wrong keys', () => {
  it('are refused with 429 after so many, without a look-up, until the address may try again', async () => {
    const { service, wrong } = await openStrict()
    const count = await lookUps(service)
    for (const _ of upTo(perMinute)) expect((await wrong()).status).toBe(401)
    expect(count()).toBe(perMinute)
    const refused = await wrong()
    expect(refused.body).toMatchObject({ status: 429, code: 'rate-limited' })
    expect(refused.body.detail).toContain(
      'This address sent too many invalid keys or tickets; the limit is 5 a minute (MAXIMUM_FAILED_AUTHENTICATIONS_PER_MINUTE)',
    )
    const seconds = Number(refused.headers['retry-after'])
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(60 / perMinute)
    expect(count()).toBe(perMinute)
  })

  it('that are no keys at all, and wrong tickets, count as well', async () => {
    const { service, get } = await openStrict()
    const { id } = await service.jobs.of('blue').create(newJob())
    for (const _ of upTo(3)) expect((await get('Bearer nonsense')).status).toBe(401)
    const ticket = () => request(service.app.server).get(`/jobs/${id}/stream?ticket=${makeTicket().text}`)
    for (const _ of upTo(2)) expect((await ticket()).status).toBe(401)
    expect((await ticket()).status).toBe(429)
    expect((await get('Bearer nonsense')).status).toBe(429)
    // Who sends none has not failed.
    expect((await request(service.app.server).get('/jobs')).status).not.toBe(429)
  })

  it('that come all at once are owed for', async () => {
    const { wrong } = await openStrict()
    await Promise.all(upTo(20).map(() => wrong()))
    const refused = await wrong()
    expect(refused.status).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  })
})

describe('a right key', () => {
  it('that was used before is not locked out by a stranger at its address; one revoked is', async () => {
    const { service, header, get, wrong } = await openStrict()
    expect((await get(header)).status).toBe(200)
    for (const _ of upTo(perMinute)) await wrong()
    expect((await wrong()).status).toBe(429)
    expect((await get(header)).status).toBe(200)
    // Its tickets are as good, though each is used for the first time.
    const { id } = await service.jobs.of('blue').create(newJob())
    const { body } = await request(service.app.server)
      .post(`/jobs/${id}/stream-tickets`)
      .set('authorization', header)
    expect((await request(service.app.server).get(body.stream)).status).toBe(426)

    for (const key of await service.keys.list()) await service.keys.revoke(key.id)
    expect((await get(header)).status).toBe(401)
    expect((await get(header)).status).toBe(429)
  })

  it('that comes for the first time waits until the address may try again', async () => {
    const { service, get, wrong } = await openStrict()
    for (const _ of upTo(perMinute)) await wrong()
    const { header } = await keyFor(service, 'red', ['jobs:read'])
    expect((await get(header)).status).toBe(429)
  })
})

describe('the address', () => {
  it('is the connection’s own, whatever the request says', async () => {
    const { wrong } = await openStrict()
    for (const n of upTo(perMinute)) await wrong(`203.0.113.${n}`)
    expect((await wrong('203.0.113.99')).status).toBe(429)
  })

  it('is the one that a trusted proxy names, and no other', async () => {
    const { wrong } = await openStrict(['127.0.0.1', '::1', '10.0.0.0/8'])
    for (const _ of upTo(perMinute)) await wrong('198.51.100.1')
    expect((await wrong('198.51.100.1')).status).toBe(429)
    expect((await wrong('198.51.100.2')).status).toBe(401)
    // What a client makes up stands before what the proxies say.
    expect((await wrong('198.51.100.7, 198.51.100.1')).status).toBe(429)
    expect((await wrong('198.51.100.1, 10.1.2.3')).status).toBe(429)
    expect((await wrong('nonsense')).status).toBe(401)
  })

  it('of IPv6 is a network of 64 bits', async () => {
    const { wrong } = await openStrict(['127.0.0.1', '::1'])
    for (const n of upTo(perMinute)) await wrong(`2001:db8:0:1::${n}`)
    expect((await wrong('2001:db8:0:1:ffff::1')).status).toBe(429)
    expect((await wrong('2001:db8:0:2::1')).status).toBe(401)
    for (const _ of upTo(perMinute)) await wrong('::ffff:198.51.100.3')
    expect((await wrong('198.51.100.3')).status).toBe(429)
  })
})

describe('buckets', () => {
  it('fill evenly, remember what is owed, and forget those not asked for', () => {
    const buckets = new Buckets()
    expect(buckets.left('a', 60)).toBe(60)
    for (const _ of upTo(70)) buckets.take('a', 60)
    expect(Math.round(buckets.left('a', 60))).toBe(-10)
    for (const n of upTo(20_000)) buckets.take(`other ${n}`, 60)
    expect(buckets.left('a', 60)).toBe(60)
    expect(buckets.left('other 20000', 60)).toBeLessThan(60)
    expect(buckets.size).toBe(10_000)
  })
})
