/** One trace from the request of a client to the webhook of its job, over all processes, as a collector receives it. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { request } from '../../examples/client.js'
import { jobSchema } from '../../src/contract/job.js'
import { createdWebhookSchema } from '../../src/contract/webhook.js'
import { type Collector, openCollector, type ReceivedSpan } from '../support/collector.js'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { eventually, freePort, type Service, startService, temporaryFolder } from '../support/service.js'
import { watchJob } from '../support/watching.js'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const clientSpan = '00f067aa0ba902b7'
const api = 'dist/src/server.js'
const worker = 'dist/workers/main.js'
/** Of OTLP. */
const kinds = { internal: 1, server: 2, client: 3, consumer: 5 }

const training = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  epochs: 5,
}

interface Processes {
  url: string
  server: Service
  start(program: string): Promise<Service>
}

/** An API process, and more processes with the same settings. */
async function startApi(settings: Record<string, string>): Promise<Processes> {
  const environment = {
    DATABASE_URL: await freshDatabaseOfTest(),
    LOG_LEVEL: 'info',
    WEBHOOK_KEYS: randomBytes(32).toString('base64'),
    WEBHOOK_ALLOW_PRIVATE: 'true',
    ...settings,
  }
  const start = async (program: string) => {
    const service = await startService(environment, program)
    onTestFinished(async () => {
      await service.stop()
    })
    return service
  }
  const server = await start(api)
  return { url: server.url, server, start }
}

async function collect(): Promise<Collector> {
  const collector = await openCollector()
  onTestFinished(() => collector.close())
  return collector
}

async function post(url: string, body: object, flags = '01'): Promise<{ id: string; traceparent: string }> {
  const answer = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-${clientSpan}-${flags}` },
    body: JSON.stringify(body),
  })
  const { id } = jobSchema.parse(await answer.json())
  return { id, traceparent: answer.headers.get('traceparent') ?? '' }
}

/** Keeps the headers of deliveries. */
async function receiveWebhook(): Promise<{ url: string; received: http.IncomingHttpHeaders[] }> {
  const received: http.IncomingHttpHeaders[] = []
  const server = http.createServer((incoming, answer) => {
    received.push(incoming.headers)
    incoming.resume()
    answer.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return { url: `http://127.0.0.1:${address.port}/secret`, received }
}

function find({ spans }: Collector, name: string): ReceivedSpan {
  const found = spans.filter((span) => span.name === name)
  expect(found.map((span) => span.name)).toEqual([name])
  return found[0]
}

const lineSchema = z.looseObject({ msg: z.string() })

/** The lines of the log that contain the text. */
const linesWith = (service: Service, text: string) =>
  service
    .output()
    .split('\n')
    .filter((line) => line.includes(text))
    .map((line) => lineSchema.parse(JSON.parse(line)))

const ended = (url: string, id: string) =>
  eventually(async () => {
    const job = await request(`${url}/jobs/${id}`, jobSchema)
    return job.finishedAt === null ? undefined : job
  })

it('contains request, queue, training, stream and webhook', { timeout: 120_000 }, async () => {
  const collector = await collect()
  const { url, server, start } = await startApi({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  const receiver = await receiveWebhook()
  await request(`${url}/webhooks`, createdWebhookSchema, { url: receiver.url, events: ['job.succeeded'] })
  const { id, traceparent } = await post(url, training)
  const watching = watchJob(url, id)
  const trainer = await start(worker)
  expect((await watching.ended).code).toBe(1000)
  const [delivered] = await eventually(() => (receiver.received.length > 0 ? receiver.received : undefined))

  const names = ['POST /jobs', 'queue', 'thread', 'train', 'webhook']
  const inTrace = () => collector.spans.filter((span) => span.traceId === traceId)
  await expect.poll(() => inTrace().map(({ name }) => name)).toEqual(expect.arrayContaining(names))
  // On a slow machine, the thread reports the epochs in several parts.
  const isOfEpochs = ({ name }: ReceivedSpan) => name === 'epochs'
  expect(inTrace().filter((span) => !isOfEpochs(span))).toHaveLength(names.length)
  const [posted, queue, thread, train, webhook] = names.map((name) => find(collector, name))
  expect(posted).toMatchObject({ parentSpanId: clientSpan, kind: kinds.server })
  expect(traceparent).toBe(`00-${traceId}-${posted.spanId}-01`)
  expect(queue).toMatchObject({ parentSpanId: posted.spanId, kind: kinds.internal })
  expect(train).toMatchObject({
    parentSpanId: posted.spanId,
    kind: kinds.consumer,
    resource: { 'service.name': 'descent-worker' },
    attributes: { 'descent.job.id': id, 'descent.attempt': 1, 'descent.outcome': 'trained' },
  })
  expect(thread.parentSpanId).toBe(train.spanId)
  const epochs = inTrace().filter(isOfEpochs)
  for (const { parentSpanId } of epochs) expect(parentSpanId).toBe(thread.spanId)
  const numbers = epochs.map(({ attributes }) => [
    attributes['descent.epoch.first'],
    attributes['descent.epoch.last'],
  ])
  expect(Math.min(...numbers.map(([first]) => Number(first)))).toBe(1)
  expect(Math.max(...numbers.map(([, last]) => Number(last)))).toBe(5)
  expect(webhook).toMatchObject({
    parentSpanId: posted.spanId,
    kind: kinds.client,
    resource: { 'service.name': 'descent-api' },
    attributes: { 'descent.event': 'job.succeeded', 'http.response.status_code': 204 },
  })
  expect(JSON.stringify(webhook.attributes)).not.toContain('secret')
  expect(delivered.traceparent).toBe(`00-${traceId}-${webhook.spanId}-01`)

  // The stream is a request of another trace.
  await expect.poll(() => collector.spans.some(({ name }) => name === 'GET /jobs/:id/stream')).toBe(true)
  const stream = find(collector, 'GET /jobs/:id/stream')
  expect(stream.links).toMatchObject([{ traceId, spanId: posted.spanId }])

  const [answered] = linesWith(server, traceId)
  expect(answered).toMatchObject({ msg: 'answered', traceId, spanId: posted.spanId, jobId: id })
  const run = linesWith(trainer, id).filter(({ msg }) => msg.startsWith('run '))
  expect(run).toHaveLength(2)
  for (const line of run) expect(line).toMatchObject({ traceId, spanId: train.spanId })
})

it('exports nothing of a trace that is not sampled', { timeout: 120_000 }, async () => {
  const collector = await collect()
  const { url, start } = await startApi({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  await start(worker)
  const receiver = await receiveWebhook()
  await request(`${url}/webhooks`, createdWebhookSchema, { url: receiver.url, events: ['job.succeeded'] })
  await post(url, training, '00')
  const [delivered] = await eventually(() => (receiver.received.length > 0 ? receiver.received : undefined))
  expect(delivered.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`))
  // Of requests without a parent, which are sampled.
  await expect.poll(() => collector.spans.length).toBeGreaterThan(0)
  expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([])
})

it('has both attempts of a job whose worker was killed', { timeout: 120_000 }, async () => {
  const collector = await collect()
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, CHECKPOINT_SECONDS: '0' }
  const { url, start } = await startApi(settings)
  const first = await start(worker)
  const { id } = await post(url, { ...training, epochs: 10_000_000 })
  const named = (name: string) => collector.spans.filter((span) => span.name === name)
  await expect.poll(() => named('epochs').length).toBeGreaterThan(0)
  await first.stop('SIGKILL')
  await start(worker)
  const attempt = (count: number) =>
    named('queue').some((span) => span.attributes['descent.attempt'] === count)
  await expect.poll(() => attempt(2)).toBe(true)
  await fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })
  await expect.poll(() => named('train').length).toBe(1)
  const [train] = named('train')
  const posted = find(collector, 'POST /jobs')
  expect(train).toMatchObject({
    traceId,
    parentSpanId: posted.spanId,
    attributes: { 'descent.attempt': 2, 'descent.outcome': 'claim-lost' },
  })
  expect(named('queue').map(({ traceId, parentSpanId }) => [traceId, parentSpanId])).toEqual([
    [traceId, posted.spanId],
    [traceId, posted.spanId],
  ])
})

describe('without a collector that answers', () => {
  it.each(['is down', 'hangs'])('that %s, the service trains, and stops', {
    timeout: 120_000,
  }, async (how) => {
    const collector = await collect()
    collector.mode = 'hang'
    const endpoint = how === 'hangs' ? collector.url : `http://127.0.0.1:${await freePort()}`
    const { url, start } = await startApi({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
    const trainer = await start(worker)
    const { id } = await post(url, training)
    expect(await ended(url, id)).toMatchObject({ status: 'succeeded' })
    // Later exports fail, too.
    const failures = () => linesWith(trainer, 'accepts no spans')
    await expect.poll(() => failures().length).toBe(1)
    const { id: next } = await post(url, training)
    expect(await ended(url, next)).toMatchObject({ status: 'succeeded' })
    expect(await trainer.stop()).toMatchObject({ code: 0 })
    expect(failures()).toHaveLength(1)
  })
})

describe('the SDK', () => {
  /** Whether a process with these settings loaded it, by what V8 covered. */
  async function loadsSdk(settings: Record<string, string>, program: string): Promise<boolean> {
    const folder = temporaryFolder()
    onTestFinished(() => folder.remove())
    const { url, server, start } = await startApi({ ...settings, NODE_V8_COVERAGE: folder.path })
    const trainer = await start(worker)
    await ended(url, (await post(url, training)).id)
    await (program === worker ? trainer : server).stop()
    const covered = readdirSync(folder.path).map((file) => readFileSync(join(folder.path, file), 'utf8'))
    expect(covered.join()).toContain(program)
    return covered.join().includes('chunks/tracing-sdk.js')
  }

  it.each([api, worker])('is loaded by %s for an endpoint only', {
    timeout: 120_000,
  }, async (program) => {
    const collector = await collect()
    expect(await loadsSdk({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, program)).toBe(true)
    expect(await loadsSdk({}, program)).toBe(false)
  })
})
