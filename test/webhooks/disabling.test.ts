/** A webhook that fails for days is disabled, reports it, and can be enabled again. Test events and redeliveries check it. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  deliverySchema,
  webhookSchema,
  webhookTestBodySchema,
  webhookWithDeliveriesSchema,
} from '../../src/contract/webhook.js'
import { openApp, type RunningApp } from '../support/app.js'
import { newJob } from '../support/stores.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})
afterAll(() => service.close())

const api = () => request(service.app.server)
const limits = { attempts: 100, perTenant: 100, perWebhook: 100 }

async function register(): Promise<string> {
  await service.database.webhook.deleteMany()
  return (await api().post('/webhooks').send({ url: 'https://example.com/hook' }).expect(201)).body.id
}

/** Ends a job, which creates a delivery for each webhook. */
async function endJob(): Promise<void> {
  const { id } = await service.jobs.create(newJob())
  await service.jobs.cancel(id)
}

const read = async (id: string) =>
  webhookWithDeliveriesSchema.parse((await api().get(`/webhooks/${id}`).expect(200)).body)

/** Makes the due attempts with this outcome, as a sender does. */
async function attempt(result: 'delivered' | 'failed' | 'interrupted', retrySeconds: number | null = 3_600) {
  const error = result === 'delivered' ? null : 'answered 500'
  const disabled: (string | null)[] = []
  for (const due of await service.webhooks.claim(limits, 60)) {
    const outcome = { result, status: 500, error, retrySeconds: result === 'delivered' ? null : retrySeconds }
    disabled.push((await service.webhooks.record(due, outcome)).disabledTenantId)
  }
  return disabled
}

/** Moves the first failure into the past, and makes all deliveries due. Their times are rounded to a millisecond. */
async function pass(hours: number): Promise<void> {
  await service.database.$executeRaw`
    UPDATE "Webhook" SET "failingSince" = "failingSince" - ${hours}::int * interval '1 hour'`
  await service.database.$executeRaw`
    UPDATE "WebhookDelivery" SET "nextAttemptAt" = now() - interval '1 second' WHERE "nextAttemptAt" IS NOT NULL`
}

describe('a webhook that fails', () => {
  it('is disabled after three days without a success, with time and reason, and its deliveries end', async () => {
    const id = await register()
    await endJob()
    await endJob()
    expect(await attempt('failed')).toEqual([null, null])
    expect(await read(id)).toMatchObject({
      status: 'active',
      failingSince: expect.any(String),
      disabledAt: null,
    })
    await pass(71)
    expect(await attempt('failed')).toEqual([null, null])
    await pass(2)
    expect((await attempt('failed')).filter((tenant) => tenant !== null)).toEqual(['local'])
    const disabled = await read(id)
    expect(disabled).toMatchObject({ status: 'disabled', disabledAt: expect.any(String) })
    expect(disabled.disabledReason).toBe(
      'No delivery has succeeded for 3 days. The last attempt: answered 500',
    )
    expect(disabled.deliveries.map(({ nextAttemptAt }) => nextAttemptAt)).toEqual([null, null])
    await endJob()
    expect((await read(id)).deliveries).toHaveLength(2)

    const enabled = webhookSchema.parse((await api().post(`/webhooks/${id}/enable`).expect(200)).body)
    expect(enabled).toMatchObject({
      status: 'active',
      failingSince: null,
      disabledAt: null,
      disabledReason: null,
    })
    await endJob()
    expect(await attempt('failed')).toEqual([null])
    expect((await read(id)).status).toBe('active')
  })

  it('is not disabled when it succeeded in between, nor when only the service stopped', async () => {
    const id = await register()
    await endJob()
    await attempt('interrupted')
    expect(await read(id)).toMatchObject({ failingSince: null })
    await pass(0)
    // The schedule begins with the first attempt that the receiver could take.
    const [due] = await service.webhooks.claim(limits, 0)
    expect(due.attempts - due.attemptsBefore).toBe(1)
    await attempt('failed')
    await pass(71)
    await attempt('delivered')
    expect(await read(id)).toMatchObject({ failingSince: null })
    await endJob()
    await attempt('failed')
    await pass(2)
    await attempt('failed')
    expect(await read(id)).toMatchObject({ status: 'active' })
  })
})

describe('a test event', () => {
  it('is created once at a time, without a job, also for a disabled webhook', async () => {
    const id = await register()
    await service.database.webhook.updateMany({ data: { disabledAt: new Date() } })
    const first = deliverySchema.parse((await api().post(`/webhooks/${id}/test`).expect(202)).body)
    expect(first).toMatchObject({ event: 'webhook.test', jobId: null, attempts: 0 })
    expect((await api().post(`/webhooks/${id}/test`).expect(202)).body.id).toBe(first.id)
    const [due] = await service.webhooks.claim(limits, 60)
    expect(webhookTestBodySchema.parse(JSON.parse(due.body)).data).toEqual({
      webhookId: id,
      links: { webhook: `/webhooks/${id}` },
    })
    await service.webhooks.record(due, {
      result: 'failed',
      status: 500,
      error: 'answered 500',
      retrySeconds: null,
    })
    const second = (await api().post(`/webhooks/${id}/test`).expect(202)).body
    expect(second.id).not.toBe(first.id)
    // The earlier one was removed.
    expect((await read(id)).deliveries.map((each) => each.id)).toEqual([second.id])
  })

  it('is not found for an unknown webhook', async () => {
    await api().post('/webhooks/whk_0/test').expect(404)
    await api().post('/webhooks/whk_0/enable').expect(404)
  })
})

describe('a delivery', () => {
  it('is sent again on demand, with its id and body, and a new count of attempts', async () => {
    const id = await register()
    await endJob()
    const [before] = await service.webhooks.claim(limits, 60)
    // While it is in flight, nothing changes.
    const path = `/webhooks/${id}/deliveries/${before.id}/redeliver`
    expect((await api().post(path).expect(202)).body.attempts).toBe(1)
    expect(await service.webhooks.claim(limits, 60)).toEqual([])
    await service.webhooks.record(before, {
      result: 'delivered',
      status: 200,
      error: null,
      retrySeconds: null,
    })
    const deliveredAt = (await read(id)).deliveries[0].deliveredAt
    expect(deliverySchema.parse((await api().post(path).expect(202)).body).nextAttemptAt).not.toBeNull()
    const [again] = await service.webhooks.claim(limits, 60)
    expect(again).toMatchObject({ id: before.id, body: before.body, attempts: 2, attemptsBefore: 1 })
    await service.webhooks.record(again, {
      result: 'failed',
      status: 500,
      error: 'answered 500',
      retrySeconds: 5,
    })
    expect((await read(id)).deliveries[0]).toMatchObject({ deliveredAt, lastStatus: 500, attempts: 2 })
  })

  it('is not found under another webhook', async () => {
    const id = await register()
    await endJob()
    const [{ id: delivery }] = (await read(id)).deliveries
    const other = (await api().post('/webhooks').send({ url: 'https://example.com' })).body.id
    const answer = await api().post(`/webhooks/${other}/deliveries/${delivery}/redeliver`).expect(404)
    expect(z.object({ detail: z.string() }).parse(answer.body).detail).toContain(
      `has no delivery ${delivery}`,
    )
  })
})
