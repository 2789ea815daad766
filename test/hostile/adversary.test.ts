/**
 * One key of twenty sends the most expensive requests that it may, many at once, over all routes. Another tenant's
 * requests are still answered. `npm run bench -- adversary` measures every kind against the goal of twice the latency.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { attacks } from '../../bench/adversary/attacks.js'
import { makeTenants } from '../../bench/adversary/tenants.js'
import { startTrial, type Trial, trialSettings } from '../../bench/adversary/trial.js'
import { type FreshDatabase, freshDatabase } from '../support/postgres.js'
import { type Service, startService } from '../support/service.js'

const rounds = 2
let database: FreshDatabase
let service: Service
let trial: Trial

beforeAll(async () => {
  database = await freshDatabase()
  service = await startService({
    ...trialSettings,
    LOG_LEVEL: 'warn',
    DATABASE_URL: database.connectionString,
  })
  trial = await startTrial(service.url, await makeTenants(database.connectionString))
}, 120_000)

afterAll(async () => {
  await trial.stop()
  await service.stop()
  await database.drop()
})

const documentSchema = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })

it('knows an attack on every route', async () => {
  const { paths } = documentSchema.parse(await (await fetch(`${service.url}/openapi.json`)).json())
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const attacked = Object.values(attacks).flatMap((attack) => attack.routes)
  expect(attacked.toSorted()).toEqual(routes.toSorted())
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
