/** Which deliveries a claim takes, and how many. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../../src/training/new-id.js'
import { byTest } from '../support/actor.js'
import { openStores, type Stores } from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})
afterAll(() => stores.close())

beforeEach(async () => {
  await stores.database.webhook.deleteMany()
})

/** A webhook with this number of due deliveries; returns its id. */
async function hook(tenantId: string, deliveries: number): Promise<string> {
  const id = newId('webhook')
  const url = 'https://example.com'
  await stores.webhooks.create(
    { id, tenantId, url, events: ['job.failed'], secret: 'whsec_c2VjcmV0' },
    byTest,
  )
  await stores.database.webhookDelivery.createMany({
    data: Array.from({ length: deliveries }, (_, number) => ({
      id: `msg_${id}_${number}`,
      webhookId: id,
      event: 'job.failed',
      jobId: 'job_1',
      body: '{}',
      nextAttemptAt: new Date(0),
    })),
  })
  return id
}

const claim = (attempts: number, perTenant = 100, perWebhook = 100, seconds = 60) =>
  stores.webhooks.claim({ attempts, perTenant, perWebhook }, seconds)

const count = (claimed: { webhookId: string }[], ...ids: string[]) =>
  claimed.filter(({ webhookId }) => ids.includes(webhookId)).length

describe('a claim of deliveries', () => {
  it('divides the attempts among tenants, not among their webhooks', async () => {
    const crowd = await Promise.all(Array.from({ length: 5 }, () => hook('crowd', 20)))
    const alone = await hook('alone', 20)
    const claimed = await claim(10)
    expect([count(claimed, ...crowd), count(claimed, alone)]).toEqual([5, 5])
    // Also among the webhooks of a tenant.
    expect(crowd.map((id) => count(claimed, id))).toEqual([1, 1, 1, 1, 1])
  })

  it('respects the limits in flight per tenant and webhook, across concurrent claims', async () => {
    const [first, second] = [await hook('a', 10), await hook('a', 10)]
    const other = await hook('b', 10)
    const claimed = (await Promise.all([claim(50, 5, 3), claim(50, 5, 3), claim(50, 5, 3)])).flat()
    expect(count(claimed, first, second)).toBe(5)
    expect(Math.max(count(claimed, first), count(claimed, second))).toBe(3)
    expect(count(claimed, other)).toBe(3)
    const [ended] = claimed.filter(({ webhookId }) => webhookId === other)
    await stores.webhooks.record(ended, { result: 'delivered', status: 200, error: null, retrySeconds: null })
    expect(count(await claim(50, 5, 3), other)).toBe(1)
  })

  it('starts with the tenant with the fewest in flight, then with the one that waited longest', async () => {
    const busy = await hook('busy', 10)
    expect(count(await claim(2), busy)).toBe(2)
    const [early, late] = [await hook('early', 10), await hook('late', 10)]
    const order: string[] = []
    for (let turn = 0; turn < 4; turn++) {
      for (const { webhookId } of await claim(1)) order.push(webhookId)
    }
    expect(order.toSorted()).toEqual([early, early, late, late].toSorted())
    expect(order[0]).not.toBe(order[1])
    expect(order[2]).not.toBe(order[3])
    expect(count(await claim(3), busy)).toBe(1)
  })

  it('claims deliveries again that a dead process had claimed', async () => {
    const id = await hook('a', 1)
    expect(count(await claim(5, 1, 1, 0), id)).toBe(1)
    expect(await claim(5, 1, 1, 60)).toMatchObject([{ webhookId: id, attempts: 2 }])
    expect(await claim(5, 1, 1, 60)).toEqual([])
  })
})
