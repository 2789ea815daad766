/** Each request is a span, as a collector receives it. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { jobSchema } from '../../src/contract/job.js'
import type { RunningApp } from '../support/app.js'
import type { ReceivedSpan } from '../support/collector.js'
import { newJob } from '../support/stores.js'
import { clientSpan, json, openTracedApp, type TracedApp } from '../support/traced-app.js'
import { watchJob } from '../support/watching.js'
import { watchMany } from '../support/watching-many.js'

const server = 2

let traced: TracedApp
let service: RunningApp
let url: string
let spans: ReceivedSpan[]

beforeAll(async () => {
  traced = await openTracedApp()
  ;({ service, url, spans } = traced)
})

afterAll(() => traced.close())

const newTrace = () => traced.newTrace()
const send: TracedApp['send'] = (...request) => traced.send(...request)
const spanOf: TracedApp['spanOf'] = (...span) => traced.spanOf(...span)

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
  const found = () => spans.filter((span) => span.traceId === traceId)
  await expect.poll(() => found().length).toBe(2)
  const [tool, message] = found()
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
  expect(spans.filter((span) => span.traceId === traceId)).toEqual([])
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
    expect(spans.filter((span) => span.traceId === traceId)).toEqual([])
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
  const find = () => spans.find(({ attributes }) => attributes['http.response.status_code'] === 101)
  await expect.poll(find).toBeDefined()
  expect(find()).toMatchObject({
    name: 'GET /jobs/:id/stream',
    attributes: { 'descent.job.id': id },
    links: [{ traceId: stored.traceId, spanId: stored.spanId }],
  })
})

it('of a WebSocket links to the creation of the jobs that messages name, to 100 at most', async () => {
  const jobs = service.jobs.of('local')
  const spanId = (index: number) => (index + 1).toString(16).padStart(16, '0')
  const ids: string[] = []
  for (let index = 0; index < 104; index++) {
    ids.push((await jobs.create(newJob({ ...stored, spanId: spanId(index) }))).id)
  }
  const traceId = newTrace()
  const headers = { traceparent: `00-${traceId}-${clientSpan}-01` }
  const watching = watchMany(url, '', { headers })
  await watching.opened
  const watch = async (...watched: string[]) => {
    watching.say({ type: 'watch', jobs: watched.map((id) => ({ id, after: 0 })) })
    const last = watched.at(-1) ?? ''
    await expect.poll(() => watching.of(last).length).toBeGreaterThan(0)
  }
  await watch(ids[0], ids[1])
  // A job that is watched again has one link.
  await watch(ids[1], `job_${'0'.repeat(32)}`, ids[2])
  await watch(...ids.slice(3))
  watching.socket.close()
  const { links } = await spanOf(traceId)
  // The unknown job counts as one of 100.
  expect(links.map((link) => link.spanId).sort()).toEqual(ids.slice(0, 99).map((_, index) => spanId(index)))
  expect(new Set(links.map((link) => link.traceId))).toEqual(new Set([stored.traceId]))
})
