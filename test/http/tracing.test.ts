/** Request and trace ids in headers and log lines. */
import { Writable } from 'node:stream'
import { pino } from 'pino'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApp, type RunningApp } from '../support/app.js'

let service: RunningApp
let lines: Record<string, unknown>[]

beforeAll(async () => {
  lines = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  service = await openApp(20_000, pino({ level: 'info' }, destination))
})

afterAll(() => service.close())

const ask = (path: string) => request(service.app.server).get(path)
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

describe('X-Request-Id', () => {
  it('is kept if it is valid', async () => {
    const { headers } = await ask('/health/live').set('x-request-id', 'my:request/1')
    expect(headers['x-request-id']).toBe('my:request/1')
  })

  it.each([
    ['with spaces'],
    ['x'.repeat(129)],
    ['<script>'],
    [''],
  ])('is generated instead of %j', async (id) => {
    const { headers } = await ask('/health/live').set('x-request-id', id)
    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('traceparent', () => {
  it('continues the trace of the client with a new parent id', async () => {
    const { headers, body } = await ask('/jobs/none').set('traceparent', `00-${traceId}-00f067aa0ba902b7-01`)
    expect(headers.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
    expect(headers.traceparent).not.toContain('00f067aa0ba902b7')
    expect(body.traceId).toBe(traceId)
    expect(headers['x-request-id']).toBe(traceId)
  })

  it.each([
    [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
    [`00-${traceId}-${'0'.repeat(16)}-01`],
    [`ff-${traceId}-00f067aa0ba902b7-01`],
    [`00-${traceId.toUpperCase()}-00f067aa0ba902b7-01`],
    ['nonsense'],
  ])('%s starts a new trace', async (header) => {
    const { headers } = await ask('/health/live').set('traceparent', header)
    expect(headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    expect(headers.traceparent).not.toContain(traceId)
  })
})

it('a job keeps the span of the client, which its training continues', async () => {
  const job = { dataset: 'xor', network: { layers: [{ type: 'dense', units: 1 }] }, loss: 'meanSquaredError' }
  for (const [flags, isSampled] of [
    ['01', true],
    ['00', false],
  ]) {
    const answer = await request(service.app.server)
      .post('/jobs')
      .set('traceparent', `00-${traceId}-00f067aa0ba902b7-${flags}`)
      .send({ ...job, epochs: 1 })
    const stored = await service.database.job.findUnique({ where: { id: answer.body.id } })
    expect(stored).toMatchObject({ traceId, spanId: '00f067aa0ba902b7', isSampled })
  }
})

describe('the log', () => {
  it('has one line for each request, with its ids and without secrets', async () => {
    lines.length = 0
    await ask('/jobs/job_1/stream?ticket=hush')
      .set('x-request-id', 'a')
      .set('traceparent', `00-${traceId}-00f067aa0ba902b7-01`)
      .set('authorization', 'Bearer hush')
    await request(service.app.server).post('/jobs').send({ name: 'hush' })
    await ask('/nowhere?key=hush')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatchObject({
      requestId: 'a',
      traceId,
      method: 'GET',
      route: '/jobs/:id/stream',
      jobId: 'job_1',
      status: 401,
      msg: 'answered',
    })
    expect(lines[1]).toMatchObject({ route: '/jobs', status: 400 })
    expect(JSON.stringify(lines)).not.toContain('hush')
  })
})
