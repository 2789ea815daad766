/** Each request is a span, as a collector receives it. */
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { jobSchema } from '../../src/contract/job.js'
import { FailedAuthentications } from '../../src/http/failed-authentications.js'
import { openTracing } from '../../src/tracing/open-tracing.js'
import type { Tracing } from '../../src/tracing/tracing.js'
import { generous, openApp, type RunningApp } from '../support/app.js'
import { type Collector, openCollector, type ReceivedSpan } from '../support/collector.js'
import { newJob } from '../support/stores.js'
import { watchJob } from '../support/watching.js'

const clientSpan = '00f067aa0ba902b7'
const server = 2

let service: RunningApp
let collector: Collector
let tracing: Tracing | null
let url: string
let traces = 0

beforeAll(async () => {
  collector = await openCollector()
  const options = { endpoint: collector.url, headers: {}, serviceName: 'api', instance: 'one', ratio: 1 }
  const log = pino({ level: 'silent' })
  tracing = await openTracing(options, log)
  service = await openApp(
    20_000,
    log,
    null,
    generous,
    new FailedAuthentications(1_000_000, []),
    null,
    tracing,
  )
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(async () => {
  await service.close()
  await tracing?.close()
  collector.close()
})

const newTrace = () => (++traces).toString(16).padStart(32, 'a')

/** Sends a request in the trace. */
function send(traceId: string, path: string, init: RequestInit = {}, flags = '01'): Promise<Response> {
  const traceparent = `00-${traceId}-${clientSpan}-${flags}`
  return fetch(`${url}${path}`, { ...init, headers: { ...init.headers, traceparent } })
}

async function spanOf(traceId: string): Promise<ReceivedSpan> {
  const find = () => collector.spans.find((span) => span.traceId === traceId)
  await expect.poll(find).toBeDefined()
  const span = find()
  if (span === undefined) throw new Error(`there is no span of ${traceId}`)
  return span
}

const json = (body: object) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

const training = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  epochs: 5,
}

it('is a server span below that of the client, and the response names it', async () => {
  const traceId = newTrace()
  const answer = await send(traceId, '/jobs?limit=1')
  const span = await spanOf(traceId)
  expect(answer.headers.get('traceparent')).toBe(`00-${traceId}-${span.spanId}-01`)
  expect(span).toMatchObject({ name: 'GET /jobs', kind: server, parentSpanId: clientSpan, links: [] })
  expect(span.attributes).toEqual({
    'http.request.method': 'GET',
    'http.route': '/jobs',
    'http.response.status_code': 200,
    'url.path': '/jobs',
    'url.scheme': 'http',
    'descent.tenant.id': 'local',
  })
  expect(span.status.code).toBe(0)
})

it('without a header begins the trace of the request id', async () => {
  const answer = await fetch(`${url}/health/live`)
  const traceId = answer.headers.get('x-request-id') ?? ''
  const span = await spanOf(traceId)
  expect(span.parentSpanId ?? '').toBe('')
  expect(answer.headers.get('traceparent')).toBe(`00-${traceId}-${span.spanId}-01`)
})

it('has the problem of a refusal, which is no error of the service', async () => {
  const traceId = newTrace()
  await send(traceId, '/jobs/job_none')
  const { attributes, status } = await spanOf(traceId)
  expect(attributes).toMatchObject({
    'http.response.status_code': 404,
    'descent.problem': 'not-found',
    'descent.job.id': 'job_none',
  })
  expect(status.code).toBe(0)
  const unknown = newTrace()
  await send(unknown, '/nowhere')
  expect(await spanOf(unknown)).toMatchObject({ name: 'GET', attributes: { 'url.path': '/nowhere' } })
})

it('is stored with each job that the request creates', async () => {
  const [one, batch, sweep] = [newTrace(), newTrace(), newTrace()]
  const created = await send(one, '/jobs', json(training))
  const { id } = jobSchema.parse(await created.json())
  await send(batch, '/jobs/batch', json({ jobs: [training, training] }))
  const parameters = [{ path: '/batchSize', values: [1, 2] }]
  await send(sweep, '/sweeps', json({ spec: training, parameters, metric: 'loss' }))
  const stored = (traceId: string) =>
    service.database.job.findMany({ where: { traceId }, select: { spanId: true, isSampled: true } })
  await expect.poll(async () => (await stored(sweep)).length).toBe(2)
  for (const traceId of [one, batch, sweep]) {
    const { spanId } = await spanOf(traceId)
    for (const job of await stored(traceId)) expect(job).toEqual({ spanId, isSampled: true })
  }
  expect((await spanOf(one)).attributes).toMatchObject({ 'descent.job.id': id })
})

it('is above the requests of a tool of the Model Context Protocol', async () => {
  const traceId = newTrace()
  const params = { name: 'get_job', arguments: { job: 'job_none' } }
  const accept = { accept: 'application/json, text/event-stream' }
  const call = json({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  await send(traceId, '/mcp', { ...call, headers: { ...call.headers, ...accept } })
  const spans = () => collector.spans.filter((span) => span.traceId === traceId)
  await expect.poll(() => spans().length).toBe(2)
  const [tool, message] = spans()
  expect([message.name, message.parentSpanId]).toEqual(['POST /mcp', clientSpan])
  expect([tool.name, tool.parentSpanId]).toEqual(['GET /jobs/:id', message.spanId])
})

it('is not exported if the client does not sample, and the job says so', async () => {
  const traceId = newTrace()
  const answer = await send(traceId, '/jobs', json(training), '00')
  expect(answer.headers.get('traceparent')).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`))
  const job = await service.database.job.findFirst({ where: { traceId } })
  expect(job?.isSampled).toBe(false)
  // Later spans arrive, so this one would have arrived.
  const later = newTrace()
  await send(later, '/jobs')
  await spanOf(later)
  expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([])
})

const stored = { requestId: null, traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), isSampled: true }

it('of server-sent events ends with the stream, and links to the creation of the job', async () => {
  const [job, all] = [newTrace(), newTrace()]
  const { id } = await service.jobs.of('local').create(newJob(stored))
  const headers = { accept: 'text/event-stream' }
  for (const [traceId, path] of [
    [job, `/jobs/${id}/stream`],
    [all, `/stream?jobs=${id}`],
  ]) {
    const answer = await send(traceId, path, { headers })
    expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([])
    await answer.body?.cancel()
    const span = await spanOf(traceId)
    expect(span.links).toMatchObject([{ traceId: stored.traceId, spanId: stored.spanId }])
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200 })
  }
})

it('of a WebSocket ends with the stream, and links to the creation of the job', async () => {
  const { id } = await service.jobs.of('local').create(newJob(stored))
  const watching = watchJob(url, id)
  await expect.poll(() => watching.messages.length).toBeGreaterThan(0)
  watching.cut()
  const find = () => collector.spans.find(({ attributes }) => attributes['http.response.status_code'] === 101)
  await expect.poll(find).toBeDefined()
  expect(find()).toMatchObject({
    name: 'GET /jobs/:id/stream',
    attributes: { 'descent.job.id': id },
    links: [{ traceId: stored.traceId, spanId: stored.spanId }],
  })
})
