/**
 * One of twenty keys sends concurrent requests of maximum cost to all routes. Requests of another tenant
 * are answered before most of the earlier ones. `npm run bench -- adversary` measures each attack
 * against the goal of twice the latency.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { attacks } from '../../bench/adversary/attacks.js'
import { training } from '../../bench/adversary/fixtures.js'
import { median } from '../../bench/adversary/ordinary-tenant.js'
import { makeTenants, type TwoKeys } from '../../bench/adversary/tenants.js'
import { startTrial, type Trial, trialSettings } from '../../bench/adversary/trial.js'
import { HttpClient, json } from '../../bench/http-client.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { type Service, startService } from '../support/service.js'

const rounds = 2
let database: FreshDatabase
let service: Service
let keys: TwoKeys
let trial: Trial

beforeAll(async () => {
  database = await freshDatabase()
  service = await startService({
    ...trialSettings,
    LOG_LEVEL: 'warn',
    DATABASE_URL: database.connectionString,
  })
  keys = await makeTenants(database.connectionString)
  trial = await startTrial(service.url, keys)
}, 120_000)

afterAll(async () => {
  await trial.stop()
  await service.stop()
  await database.drop()
})

describe('another tenant is answered under', () => {
  it.each(Object.keys(attacks))('%s', async (name) => {
    const { attacked, undisturbed } = await trial.compare(name, [name], rounds)
    expect([...undisturbed.refusals, ...attacked.refusals]).toEqual([])
  }, 180_000)

  it('all attacks at once', async () => {
    const { attacked, undisturbed } = await trial.compare('all', Object.keys(attacks), 2)
    expect([...undisturbed.refusals, ...attacked.refusals]).toEqual([])
    expect(service.output()).not.toContain('"class":"ours"')
  }, 300_000)
})

const named = z.object({ id: z.string(), status: z.string() })

it('answers a request of another tenant before most of those that wait', async () => {
  const crowd = 32
  const adversary = new HttpClient(service.url, keys.adversary)
  const ordinary = new HttpClient(service.url, keys.ordinary)
  const body = json(training([4], { dataset: 'xor', epochs: 2_000 }))
  const { id } = named.parse(await adversary.sendOk({ method: 'POST', path: '/jobs', body }))
  const isDone = async () =>
    named.parse(await adversary.sendOk({ method: 'GET', path: `/jobs/${id}` })).status === 'succeeded'
  while (!(await isDone())) await sleep(100)

  let answered = 0
  let isOver = false
  const lanes = Array.from({ length: crowd }, async () => {
    while (!isOver) {
      await adversary.send({ method: 'GET', path: `/jobs/${id}/epochs?limit=2000` }, false)
      answered++
    }
  })
  while (answered < crowd) await sleep(10)
  const answeredBefore: number[] = []
  for (let n = 0; n < 15; n++) {
    const before = answered
    await ordinary.sendOk({ method: 'GET', path: '/jobs?limit=20' })
    answeredBefore.push(answered - before)
    await sleep(20)
  }
  isOver = true
  await Promise.all(lanes)
  adversary.close()
  ordinary.close()
  expect(median(answeredBefore)).toBeLessThan(crowd / 2)
}, 120_000)
