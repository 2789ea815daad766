/** Which deliveries a webhook shows, and which ones a cleanup deletes. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { byTest } from '../support/actor.js'
import { openStores, type Stores } from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

const day = 86_400_000
const now = Date.now()

async function register(id: string): Promise<void> {
  await stores.webhooks.create(
    {
      id,
      tenantId: 'local',
      url: 'https://example.com/hook',
      events: ['job.succeeded'],
      secret: 'whsec_',
    },
    byTest,
  )
}

/** Stores a delivery of this age, without a further attempt unless one is named. */
async function deliver(webhookId: string, id: string, age: number, nextAttemptAt: Date | null = null) {
  const createdAt = new Date(now - age)
  await stores.database.webhookDelivery.create({
    data: { id, webhookId, event: 'webhook.test', body: '{}', createdAt, nextAttemptAt },
  })
}

it('shows its 20 most recent deliveries, the newest first', async () => {
  await register('wh_many')
  for (const seconds of [3, 22, 1, 20, 2, 21, ...Array.from({ length: 16 }, (_, index) => index + 4)]) {
    await deliver('wh_many', `del_${seconds}`, 1_000 * seconds)
  }
  const webhook = await stores.webhooks.get('local', 'wh_many')
  const expected = Array.from({ length: 20 }, (_, index) => `del_${index + 1}`)
  expect(webhook?.deliveries.map(({ id }) => id)).toEqual(expected)
})

it('loses deliveries to a cleanup after 7 days, unless another attempt follows', async () => {
  await register('wh_old')
  await deliver('wh_old', 'del_ended', 7 * day + 60_000)
  await deliver('wh_old', 'del_waiting', 7 * day + 60_000, new Date(now + day))
  await deliver('wh_old', 'del_recent', 7 * day - 60_000)
  await stores.webhooks.cleanUp()
  const webhook = await stores.webhooks.get('local', 'wh_old')
  expect(webhook?.deliveries.map(({ id }) => id)).toEqual(['del_recent', 'del_waiting'])
})
