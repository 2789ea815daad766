/** From the end of a job to a receiver, over real sockets and the real outbox. */
import { once } from 'node:events'
import http from 'node:http'
import { pino } from 'pino'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { maximumWebhooks, webhookBodySchema } from '../../src/contract/webhook.js'
import { deliveryBody } from '../../src/store/outbox.js'
import { openTracing } from '../../src/tracing/open-tracing.js'
import type { Origin } from '../../src/training/ports/origin.js'
import { register } from '../../src/training/webhooks.js'
import { retrySchedule, type SenderOptions, sendDeliveries } from '../../src/webhooks/sender.js'
import { byTest } from '../support/actor.js'
import { openCollector } from '../support/collector.js'
import { collectOften } from '../support/garbage.js'
import { eventually } from '../support/service.js'
import { linearModel, newJob, openStores, type Stores, startJob } from '../support/stores.js'
import { settle } from '../support/waiting.js'

let stores: Stores
let tenant = 0

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

interface Received {
  headers: Record<string, string>
  body: string
}

/** A receiver with given answers, of which the last is repeated. 'hang' never answers. */
async function receive(...answers: (number | 'hang')[]): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = []
  const server = http.createServer(async (incoming, answer) => {
    const chunks = await incoming.toArray()
    const headers = Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
    )
    const status = answers[Math.min(received.length, answers.length - 1)]
    received.push({ headers, body: Buffer.concat(chunks).toString() })
    if (status === 'hang' || status === undefined) return
    answer.writeHead(status, { location: '/elsewhere' }).end('x'.repeat(100_000))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}/hook`, received }
}

const limits = { attempts: 16, perTenant: 4, perWebhook: 1 }

const failOnError = (error: unknown) => {
  throw error
}

function send(options: Partial<SenderOptions> = {}) {
  const sender = sendDeliveries(stores.webhooks, {
    allowPrivate: true,
    limits,
    schedule: [0.05, 0.05],
    onError: failOnError,
    onDisabled: () => {},
    ...options,
  })
  const timer = setInterval(() => sender.wake(), 50)
  onTestFinished(async () => {
    clearInterval(timer)
    await sender.stop()
  })
  return sender
}

/** A tenant with one webhook and a running job. */
async function prepare(
  url: string,
  events: ('job.succeeded' | 'job.failed' | 'job.cancelled')[],
  origin: Partial<Origin> = {},
) {
  const tenantId = `tenant_${++tenant}`
  const webhook = await register(stores.webhooks, tenantId, { url, events }, byTest)
  const claim = await startJob(stores, 'worker_a', {
    ...{ tenantId, name: 'Prüfung für später' },
    ...origin,
  })
  return { tenantId, webhook, claim }
}

async function deliveries({ tenantId, webhook }: { tenantId: string; webhook: { id: string } }) {
  return (await stores.webhooks.get(tenantId, webhook.id))?.deliveries ?? []
}

describe('a delivery', () => {
  it('reports that a job succeeded, with a signature that the library of the standard accepts', async () => {
    const { url, received } = await receive(204)
    const { webhook, claim, ...rest } = await prepare(url, ['job.succeeded'])
    const model = linearModel()
    await stores.runs.succeed(claim, model)
    send()
    const { headers, body } = await eventually(() => received[0])
    const verified = new Webhook(webhook.secret).verify(body, headers)
    expect(webhookBodySchema.parse(verified)).toMatchObject({
      type: 'job.succeeded',
      data: {
        jobId: claim.jobId,
        name: 'Prüfung für später',
        status: 'succeeded',
        modelId: model.id,
        error: null,
      },
    })
    expect(() => new Webhook(webhook.secret).verify(`${body} `, headers)).toThrow()
    const [delivery] = await eventually(async () => {
      const found = await deliveries({ webhook, ...rest })
      return found[0]?.deliveredAt == null ? undefined : found
    })
    expect(delivery).toMatchObject({ attempts: 1, lastStatus: 204, lastError: null, nextAttemptAt: null })
    expect(delivery?.id).toBe(headers['webhook-id'])
  })

  it('is a span of the trace of its job for each attempt, and names it to the receiver', async () => {
    const collector = await openCollector()
    onTestFinished(() => collector.close())
    const options = { endpoint: collector.url, headers: {}, serviceName: 'api', instance: 'one', ratio: 1 }
    const tracing = await openTracing(options, pino({ level: 'silent' }))
    onTestFinished(() => tracing?.close())
    const { url, received } = await receive(500, 204)
    const origin = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true }
    const { tenantId, claim } = await prepare(url, ['job.failed'], origin)
    await stores.runs.fail(claim, { code: 'diverged', message: 'too fast', epoch: 3 })
    send({ tracing })
    await expect.poll(() => collector.spans.length).toBe(2)
    const [first, second] = collector.spans
    for (const span of [first, second])
      expect(span).toMatchObject({ name: 'webhook', traceId: origin.traceId, parentSpanId: origin.spanId })
    expect(first).toMatchObject({
      status: { code: 2, message: 'answered 500' },
      attributes: { 'error.type': '500', 'http.request.resend_count': 0 },
    })
    expect(second.status.code).toBe(0)
    expect(second.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.request.resend_count': 1,
      'http.response.status_code': 204,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(url).port),
      'descent.event': 'job.failed',
      'descent.tenant.id': tenantId,
      'descent.job.id': claim.jobId,
    })
    expect(received.map(({ headers }) => headers.traceparent)).toEqual([
      `00-${origin.traceId}-${first.spanId}-01`,
      `00-${origin.traceId}-${second.spanId}-01`,
    ])
  })

  it('is created for failures, cancellations and dead workers, for subscribed events of that tenant only', async () => {
    const all = await prepare('http://example.com', ['job.failed', 'job.cancelled', 'job.succeeded'])
    const other = await prepare('http://example.com', ['job.succeeded'])
    await stores.runs.fail(all.claim, { code: 'diverged', message: 'too fast', epoch: 3 })
    const second = await stores.jobs.of(all.tenantId).create(newJob())
    await stores.jobs.of(all.tenantId).cancel(second.id)
    await stores.jobs.of(all.tenantId).cancel(second.id)
    const third = await startJob(stores, 'worker_dead', { tenantId: all.tenantId })
    await stores.database.job.update({ where: { id: third.jobId }, data: { crashes: 2 } })
    await stores.jobs.releaseWorker('worker_dead')
    const found = await deliveries(all)
    expect(found.map(({ event, jobId }) => [event, jobId]).toSorted()).toEqual(
      [
        ['job.failed', all.claim.jobId],
        ['job.cancelled', second.id],
        ['job.failed', third.jobId],
      ].toSorted(),
    )
    expect(await deliveries(other)).toEqual([])
    const [stored] = await stores.database.webhookDelivery.findMany({ where: { jobId: all.claim.jobId } })
    expect(webhookBodySchema.parse(JSON.parse(deliveryBody(stored?.body ?? ''))).data.error).toEqual({
      code: 'diverged',
      message: 'too fast',
      epoch: 3,
    })
  })

  it('is not created when the end of the job did not commit', async () => {
    const { claim, ...rest } = await prepare('http://example.com', ['job.succeeded'])
    const twice = linearModel()
    await stores.models.create(twice)
    // The id of the model exists, so the transaction fails after it has inserted into the outbox.
    await expect(stores.runs.succeed(claim, twice)).rejects.toThrow()
    expect(await deliveries(rest)).toEqual([])
  })

  it('is retried after 500 with the same id and body and a new timestamp, until it succeeds', async () => {
    const { url, received } = await receive(500, 503, 200)
    const { webhook, claim, ...rest } = await prepare(url, ['job.cancelled'])
    await stores.jobs.of(claim.tenantId).cancel(claim.jobId)
    send()
    await eventually(async () => (await deliveries({ webhook, ...rest }))[0]?.deliveredAt ?? undefined)
    expect(received).toHaveLength(3)
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(new Set(received.map(({ body }) => body)).size).toBe(1)
    for (const { headers, body } of received) new Webhook(webhook.secret).verify(body, headers)
    expect(await deliveries({ webhook, ...rest })).toMatchObject([{ attempts: 3, lastStatus: 200 }])
  })

  it.each([
    ['redirects', [302] as const, /answered 302: redirects are not followed/],
    ['refuses', [410] as const, /answered 410/],
    ['hangs', ['hang'] as const, /no answer within 0\.3 s/],
  ])('to a receiver that %s ends after the last attempt, with the reason', async (_name, answers, reason) => {
    const { url, received } = await receive(...answers)
    const { claim, ...rest } = await prepare(url, ['job.cancelled'])
    await stores.jobs.of(claim.tenantId).cancel(claim.jobId)
    send({ timeoutMilliseconds: 300 })
    const given = await eventually(async () => {
      const [delivery] = await deliveries(rest)
      return delivery?.nextAttemptAt === null ? delivery : undefined
    })
    expect(given).toMatchObject({ attempts: 3, deliveredAt: null })
    expect(given.lastError).toMatch(reason)
    expect(received).toHaveLength(3)
  })

  it('to a receiver that never answers ends although garbage is collected', async () => {
    const { url } = await receive('hang')
    const { claim, ...rest } = await prepare(url, ['job.cancelled'])
    await stores.jobs.of(claim.tenantId).cancel(claim.jobId)
    onTestFinished(collectOften())
    send({ timeoutMilliseconds: 2_000 })
    const failed = await eventually(async () =>
      (await deliveries(rest)).find(({ lastError }) => lastError !== null),
    )
    expect(failed.lastError).toBe('no answer within 2 s')
  })

  it.each([
    ['an address', (url: string) => url],
    ['a name', (url: string) => url.replace('127.0.0.1', 'localhost')],
  ])('does not go to %s that is private, unless it is allowed', async (_name, change) => {
    const { url, received } = await receive(200)
    const { claim, ...rest } = await prepare(change(url), ['job.cancelled'])
    await stores.jobs.of(claim.tenantId).cancel(claim.jobId)
    send({ allowPrivate: false })
    const refused = await eventually(async () => {
      const [delivery] = await deliveries(rest)
      return delivery?.nextAttemptAt === null ? delivery : undefined
    })
    expect(refused.lastError).toMatch(/is not public.*WEBHOOK_ALLOW_PRIVATE/)
    expect(received).toEqual([])
  })

  it('survives the death of its sender', async () => {
    const { url, received } = await receive(200)
    const { claim, ...rest } = await prepare(url, ['job.cancelled'])
    await stores.jobs.of(claim.tenantId).cancel(claim.jobId)
    // Claimed by a process that dies before it sends anything.
    const taken = await stores.webhooks.claim({ ...limits, attempts: 100 }, 0.5)
    expect(taken.map(({ webhookId }) => webhookId)).toContain(rest.webhook.id)
    expect(await stores.webhooks.claim({ ...limits, attempts: 100 }, 0.5)).toEqual([])
    send()
    await eventually(async () => (await deliveries(rest))[0]?.deliveredAt ?? undefined)
    expect(received).toHaveLength(1)
    expect(await deliveries(rest)).toMatchObject([{ attempts: 2 }])
  })

  it('does not wait for another receiver that hangs', async () => {
    const hanging = await receive('hang')
    const ready = await receive(200)
    const slow = await prepare(hanging.url, ['job.cancelled'])
    const quick = await prepare(ready.url, ['job.cancelled'])
    for (let index = 0; index < 30; index++) {
      const { id } = await stores.jobs.of(slow.tenantId).create(newJob())
      await stores.jobs.of(slow.tenantId).cancel(id)
    }
    send({ timeoutMilliseconds: 20_000 })
    await eventually(() => hanging.received[0])
    await stores.jobs.of(quick.tenantId).cancel(quick.claim.jobId)
    await eventually(() => ready.received[0])
    expect(hanging.received).toHaveLength(1)
  })

  it('does not wait for another tenant, even if all its receivers hang', async () => {
    const hanging = await receive('hang')
    const ready = await receive(200)
    const slow = await prepare(hanging.url, ['job.cancelled'])
    for (let index = 1; index < maximumWebhooks; index++) {
      await register(stores.webhooks, slow.tenantId, { url: hanging.url, events: ['job.cancelled'] }, byTest)
    }
    const quick = await prepare(ready.url, ['job.cancelled'])
    await stores.jobs.of(slow.tenantId).cancel(slow.claim.jobId)
    send({ timeoutMilliseconds: 60_000 })
    await eventually(() => (hanging.received.length === limits.perTenant ? true : undefined))
    await stores.jobs.of(quick.tenantId).cancel(quick.claim.jobId)
    await eventually(() => ready.received[0])
    // 20 are due.
    expect(hanging.received).toHaveLength(limits.perTenant)
  })

  it('that is a test is attempted once', async () => {
    const { url, received } = await receive(500)
    const { tenantId, webhook } = await prepare(url, ['job.failed'])
    await stores.webhooks.fileTest(tenantId, webhook.id)
    send()
    const ended = await eventually(async () => {
      const [delivery] = await deliveries({ tenantId, webhook })
      return delivery.nextAttemptAt === null ? delivery : undefined
    })
    expect(ended).toMatchObject({ event: 'webhook.test', attempts: 1, lastStatus: 500 })
    const { headers, body } = received[0]
    expect(new Webhook(webhook.secret).verify(body, headers)).toMatchObject({ type: 'webhook.test' })
  })

  it('reports that it disables its webhook', async () => {
    const { url } = await receive(500)
    const { tenantId, webhook, claim } = await prepare(url, ['job.cancelled'])
    await stores.database.webhook.update({ where: { id: webhook.id }, data: { failingSince: new Date(0) } })
    await stores.jobs.of(tenantId).cancel(claim.jobId)
    const disabled: object[] = []
    send({ onDisabled: (each) => disabled.push(each) })
    await eventually(() => disabled[0])
    expect(disabled).toEqual([{ webhookId: webhook.id, tenantId, error: 'answered 500' }])
  })

  it('is made by one of several senders', async () => {
    const { url, received } = await receive(200)
    const { tenantId } = await prepare(url, ['job.cancelled'])
    for (let index = 0; index < 20; index++) {
      const { id } = await stores.jobs.of(tenantId).create(newJob())
      await stores.jobs.of(tenantId).cancel(id)
    }
    for (let index = 0; index < 4; index++) send()
    await eventually(() => (received.length >= 20 ? true : undefined))
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(20)
    expect(received).toHaveLength(20)
  })
})

describe('a sender', () => {
  it('that is woken during a claim claims again after it', async () => {
    // No poll, which would claim again as well.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const claims: (() => void)[] = []
    const claim = () => new Promise<[]>((resolve) => claims.push(() => resolve([])))
    const record = async () => ({ disabledTenantId: null })
    const sender = sendDeliveries(
      { claim, record },
      { allowPrivate: true, limits, onError: failOnError, onDisabled: () => {} },
    )
    sender.wake()
    claims[0]()
    await eventually(() => claims[1])
    claims[1]()
    await sender.stop()
  })

  it('pauses after a claim in proportion to its duration, so that wake-ups do not occupy the database', async () => {
    const claims: (() => void)[] = []
    const claim = () => new Promise<[]>((resolve) => claims.push(() => resolve([])))
    const record = async () => ({ disabledTenantId: null })
    const now = vi.spyOn(performance, 'now').mockReturnValue(0)
    onTestFinished(() => now.mockRestore())
    const sender = sendDeliveries(
      { claim, record },
      { allowPrivate: true, limits, onError: failOnError, onDisabled: () => {} },
    )
    now.mockReturnValue(20)
    for (let n = 0; n < 100; n++) sender.wake()
    claims[0]()
    await settle()
    expect(claims).toHaveLength(1)
    await eventually(() => claims[1])
    claims[1]()
    await sender.stop()
    expect(claims).toHaveLength(2)
  })
})

describe('the schedule', () => {
  it('makes eight attempts over about a day', () => {
    expect(retrySchedule).toHaveLength(7)
    const hours = retrySchedule.reduce((sum, seconds) => sum + seconds, 0) / 3_600
    expect(hours).toBeGreaterThan(20)
    expect(hours).toBeLessThan(30)
  })
})
