/** Finished jobs count until they are deleted, on request or after their days. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseSpec } from '../../src/store/job-rows.js'
import { jobStore } from '../../src/store/jobs.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { newId } from '../../src/training/new-id.js'
import { byTest } from '../support/actor.js'
import { expectTrueCounters } from '../support/counters.js'
import { keyFor } from '../support/keys.js'
import {
  clearQueue,
  epochsOf,
  linearModel,
  openStores,
  type Stores,
  startJob,
  storeEpochs,
} from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(() => clearQueue(stores))

/** A job that succeeded that many days ago, with three epochs. */
async function succeeded(daysAgo: number, tenantId = 'local'): Promise<string> {
  const claim = await startJob(stores, 'worker_a', { tenantId })
  await storeEpochs(stores, claim, epochsOf([1, 2, 3]))
  await stores.runs.succeed(claim, linearModel())
  const at = new Date(Date.now() - daysAgo * 86_400_000)
  await stores.database.job.update({ where: { id: claim.jobId }, data: { createdAt: at, finishedAt: at } })
  return claim.jobId
}

const remaining = async () =>
  (await stores.database.job.findMany({ select: { id: true } })).map(({ id }) => id).toSorted()

describe('the bytes of a finished job', () => {
  it('count until it is deleted: its spec and 32 for each epoch', async () => {
    const before = (await stores.tenants.use('local')).storedBytes
    const id = await succeeded(0)
    const { spec } = await stores.database.job.findUniqueOrThrow({ where: { id } })
    const specBytes = JSON.stringify({ ...parseSpec(spec), seed: 1 }).length
    const { weights } = linearModel()
    const after = (await stores.tenants.use('local')).storedBytes
    expect(after - before).toBe(specBytes + 3 * 32 + weights.length)
    await stores.jobs.delete(id)
    expect((await stores.tenants.use('local')).storedBytes - before).toBe(weights.length)
    await expectTrueCounters(stores.database)
  })
})

describe('deliveries', () => {
  it('count until they are swept, or deleted with their webhook', async () => {
    const webhook = { id: newId('webhook'), tenantId: 'local', url: 'https://example.com', secret: 'whsec_' }
    await stores.webhooks.create({ ...webhook, events: ['job.succeeded'] }, byTest)
    await succeeded(0)
    await succeeded(0)
    expect(await stores.database.webhookDelivery.count()).toBe(2)
    await expectTrueCounters(stores.database)
    const [first] = await stores.database.webhookDelivery.findMany()
    await stores.database.webhookDelivery.delete({ where: { id: first.id } })
    await expectTrueCounters(stores.database)
    await stores.database.webhook.delete({ where: { id: webhook.id } })
    expect(await stores.database.webhookDelivery.count()).toBe(0)
    await expectTrueCounters(stores.database)
  })
})

describe('old jobs', () => {
  it('are deleted on request, by status and time, oldest first', async () => {
    const days = [1, 5, 3, 9]
    const ids: string[] = []
    for (const each of days) ids.push(await succeeded(each))
    const failed = await startJob(stores)
    await stores.runs.fail(failed, { code: 'internal', message: 'over', epoch: null })
    const other = await succeeded(10, 'other')
    const running = await startJob(stores)
    const before = new Date(Date.now() - 2 * 86_400_000)
    expect(await stores.jobs.deleteEnded(['failed'], before, 100)).toBe(0)
    expect(await stores.jobs.deleteEnded(['succeeded'], before, 2)).toBe(2)
    expect(await remaining()).toEqual([ids[0], ids[2], failed.jobId, other, running.jobId].toSorted())
    expect(
      await stores.jobs.deleteEnded(['succeeded', 'failed', 'cancelled'], new Date(Date.now() + 1_000), 100),
    ).toBe(3)
    expect(await remaining()).toEqual([other, running.jobId].toSorted())
    expect(await stores.database.epochBatch.count()).toBe(1)
    await expectTrueCounters(stores.database)
  })

  it('are all deleted, also more than one statement takes', async () => {
    const template = await succeeded(3)
    await stores.database.$executeRaw`
      INSERT INTO "Job" (id, "tenantId", spec, parameters, "arenaBytes", "flopsPerEpoch", epochs, status, "createdAt", "finishedAt")
      SELECT id || number, "tenantId", spec, parameters, "arenaBytes", "flopsPerEpoch", epochs, status, "createdAt", "finishedAt"
      FROM "Job" CROSS JOIN generate_series(1, 1200) AS number WHERE id = ${template}`
    expect(await stores.jobs.deleteEnded(['succeeded'], new Date(), 10_000)).toBe(1_201)
    expect(await remaining()).toEqual([])
  })

  it('are swept after the days of the setting, or of their tenant; models stay', async () => {
    await keyFor(stores, 'short', ['jobs:write'])
    await keyFor(stores, 'long', ['jobs:write'])
    await stores.tenants.changeLimits('short', { jobDays: 2 }, byTest)
    await stores.tenants.changeLimits('long', { jobDays: 100 }, byTest)
    const models = await stores.database.model.count()
    const kept: string[] = []
    for (const tenantId of ['short', 'long', 'others']) {
      for (const days of upTo(3).map((n) => 5 * n - 4)) {
        const id = await succeeded(days, tenantId)
        const most = { short: 2, long: 100, others: 7 }[tenantId] ?? 0
        if (days < most) kept.push(id)
      }
    }
    await jobStore(stores.database, { ...unlimited, jobDays: 7 }).cleanUp()
    expect(await remaining()).toEqual(kept.toSorted())
    expect(kept).toHaveLength(1 + 3 + 2)
    expect(await stores.database.model.count()).toBe(models + 9)
  })
})
