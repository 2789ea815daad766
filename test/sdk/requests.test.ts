/** Requests of the client through a proxy with faults: repetitions, keys, times, errors, lists. */
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import {
  ApiError,
  ConnectionError,
  Descent,
  DescentError,
  InvalidRequestError,
  InvalidSpecError,
  type JobRequest,
  NotFoundError,
  OverloadedError,
  type RouteInput,
  type Schemas,
  TimeoutError,
  TooManyJobsError,
  UnauthorizedError,
  type UploadSettings,
} from '../../sdk/src/index.js'
import { problems } from '../../src/contract/problems.js'
import { openApp, type RunningApp } from '../support/app.js'
import { type FaultyProxy, openFaultyProxy, rawAnswer } from '../support/faulty-proxy.js'
import { keyFor } from '../support/keys.js'

let service: RunningApp
let url: string
let key: string
let proxy: FaultyProxy
let client: Descent

beforeAll(async () => {
  service = await openApp()
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  key = (await keyFor(service, 'local', ['jobs:read', 'jobs:write', 'datasets:read', 'models:write'])).text
})

afterAll(() => service.close())

beforeEach(async () => {
  const opened = await openFaultyProxy(() => url)
  onTestFinished(() => opened.close())
  proxy = opened
  client = new Descent({ url: proxy.url, key })
})

const xor: JobRequest = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  epochs: 5,
}

const problem = (code: keyof typeof problems, headers: Record<string, string> = {}) => {
  const { status, title, remedy } = problems[code]
  return { answer: rawAnswer(status, headers, { code, status, title, remedy, detail: code, errors: [] }) }
}

async function measure(call: Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await call
  return performance.now() - begin
}

describe('a request that fails for the moment', () => {
  it('is repeated, but not before the time in retry-after', async () => {
    proxy.fail(problem('unavailable', { 'retry-after': '1' }))
    expect(await measure(client.request('GET /limits'))).toBeGreaterThanOrEqual(1_000)
    expect(proxy.connections).toBe(2)
  })

  it('is repeated after the date in retry-after', async () => {
    const date = new Date(Date.now() + 2_000).toUTCString()
    proxy.fail(problem('rate-limited', { 'retry-after': date }))
    expect(await measure(client.jobs.validate(xor))).toBeGreaterThan(900)
    expect(proxy.connections).toBe(2)
  })

  it('is not repeated when the service asks for a long time', async () => {
    proxy.fail(problem('overloaded', { 'retry-after': '3600' }))
    const failure = await client.jobs.create(xor).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(OverloadedError)
    expect(failure).toMatchObject({ retryAfter: 3_600, remedy: problems.overloaded.remedy })
    expect(proxy.connections).toBe(1)
  })

  it('is repeated as often as the client is given, with growing delays', async () => {
    const html = 'HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 8\r\n\r\n<html />'
    proxy.fail(...Array.from({ length: 9 }, () => ({ answer: html })))
    const failure = client.request('GET /limits', { retries: 3 })
    const milliseconds = await measure(
      expect(failure).rejects.toMatchObject({ status: 502, code: 'unknown' }),
    )
    expect(proxy.connections).toBe(4)
    // Half of 250, 500 and 1,000 ms at least.
    expect(milliseconds).toBeGreaterThanOrEqual(875)
  })

  it('reports each repetition before its delay, also to the client', async () => {
    const reasons: string[] = []
    const report = ({ message }: DescentError) => reasons.push(message)
    proxy.fail(problem('unavailable'), 'lose answer')
    await client.request('GET /limits', { onRetry: report })
    expect(reasons).toEqual(['unavailable', expect.stringContaining('GET /limits had no complete answer')])
    proxy.fail(problem('unavailable', { 'retry-after': '30' }))
    const controller = new AbortController()
    const patient = client.withOptions({
      retries: Infinity,
      signal: controller.signal,
      onRetry: () => controller.abort(new Error('no longer needed')),
    })
    await expect(patient.request('GET /limits')).rejects.toThrow('no longer needed')
    await client.request('GET /limits')
  })

  it('is not repeated for a limit that does not end by itself', async () => {
    proxy.fail(problem('too-many-jobs'))
    await expect(client.jobs.create(xor)).rejects.toThrow(TooManyJobsError)
    expect(proxy.connections).toBe(1)
  })
})

describe('a request whose answer is lost', () => {
  it('creates one job', async () => {
    const before = await service.database.job.count()
    proxy.fail('lose answer', { cutAfter: 200 }, problem('idempotency-key-in-flight'))
    const job = await client.jobs.create(xor)
    expect(job.status).toBe('queued')
    expect(proxy.connections).toBe(4)
    expect(await service.database.job.count()).toBe(before + 1)
    const other = await client.jobs.create(xor)
    expect(other.id).not.toBe(job.id)
  })

  it('takes the key of the caller', async () => {
    const options = { idempotencyKey: 'mine' }
    const first = await client.jobs.create(xor, options)
    expect((await client.jobs.create(xor, options)).id).toBe(first.id)
  })

  it('is not repeated if it could do something twice', async () => {
    const { id } = await client.jobs.create(xor)
    const before = proxy.connections
    await new Descent({ url, key }).request('POST /jobs/{id}/cancel', { path: { id } })
    const cut = await openFaultyProxy(() => url)
    onTestFinished(() => cut.close())
    cut.fail('lose answer')
    const verifying = new Descent({ url: cut.url, key }).request('POST /jobs/{id}/verify', { path: { id } })
    await expect(verifying).rejects.toThrow(ConnectionError)
    expect(cut.connections).toBe(1)
    expect(proxy.connections).toBe(before)
  })

  it('deletes', async () => {
    const direct = new Descent({ url, key })
    const { id } = await (await direct.jobs.create(xor)).cancel()
    proxy.fail('lose answer')
    await client.jobs.delete(id)
    await expect(direct.jobs.get(id)).rejects.toThrow(NotFoundError)
    await expect(client.jobs.delete(id)).rejects.toThrow(NotFoundError)
    const refusing = await openFaultyProxy(() => url)
    onTestFinished(() => refusing.close())
    refusing.fail(problem('rate-limited', { 'retry-after': '0' }))
    const again = new Descent({ url: refusing.url, key }).jobs.delete(id)
    await expect(again).rejects.toThrow(NotFoundError)
  })
})

describe('the time of a request', () => {
  it('is limited for each attempt', async () => {
    proxy.fail('silence', 'silence')
    const slow = client.request('GET /limits', { timeout: 200, retries: 0 })
    await expect(slow).rejects.toThrow(TimeoutError)
    const { limits } = await client.request('GET /limits', { timeout: 2_000 })
    expect(limits).toHaveProperty('queuedJobs')
  })

  it('ends with the signal, also between attempts', async () => {
    proxy.fail('silence')
    const reason = new Error('no longer needed')
    const waiting = client.request('GET /limits', { signal: AbortSignal.timeout(50) })
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' })
    proxy.fail(problem('unavailable', { 'retry-after': '30' }))
    const controller = new AbortController()
    const between = client.request('GET /limits', { signal: controller.signal })
    setImmediate(() => controller.abort(reason))
    await expect(between).rejects.toBe(reason)
    await expect(client.jobs.get('job_1', { signal: controller.signal })).rejects.toBe(reason)
  })
})

describe('an error', () => {
  it('has the class of its code, and what to do', async () => {
    const failure = await client.jobs
      .create({ ...xor, loss: 'categoricalCrossentropy' })
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(InvalidSpecError)
    expect(failure).toBeInstanceOf(DescentError)
    expect(failure).toMatchObject({
      name: 'InvalidSpecError',
      code: 'invalid-spec',
      status: 422,
      remedy: problems['invalid-spec'].remedy,
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
    expect(failure instanceof ApiError && failure.message).toBe(failure instanceof ApiError && failure.detail)
  })

  it('points at the places in the request', async () => {
    const failure = await client.jobs.create({ ...xor, epochs: 0 }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(InvalidRequestError)
    expect(failure).toMatchObject({ errors: [{ pointer: '/epochs', message: expect.any(String) }] })
  })

  it('keeps the code of a later service', async () => {
    const body = { code: 'new-code', status: 418, title: 'New', detail: 'From the future.' }
    proxy.fail({ answer: rawAnswer(418, {}, body) })
    const failure = await client.request('GET /limits').catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'NewCodeError', code: 'new-code', remedy: '', errors: [] })
    expect(failure).toBeInstanceOf(ApiError)
  })

  it('names the address of a service that does not answer', async () => {
    const nowhere = new Descent({ url: 'http://127.0.0.1:9', retries: 0 })
    await expect(nowhere.request('GET /limits')).rejects.toThrow(/GET \/limits .* http:\/\/127\.0\.0\.1:9: /)
  })

  it('says that the key is wrong', async () => {
    const keys = ['wrong', key]
    const turning = new Descent({ url, key: () => keys.shift() })
    await expect(turning.request('GET /limits')).rejects.toThrow(UnauthorizedError)
    await turning.request('GET /limits')
  })
})

describe('a list', () => {
  it('has the items of all pages, in order', async () => {
    const name = 'listed'
    for (let number = 0; number < 5; number++) await client.jobs.create({ ...xor, name })
    const ids: string[] = []
    for await (const job of client.jobs.list({ name, limit: 2 })) ids.push(job.id)
    expect(new Set(ids).size).toBe(5)
    const page = await client.request('GET /jobs', { query: { name, limit: 100 } })
    expect(ids).toEqual(page.data.map(({ id }) => id))
    const names: string[] = []
    for await (const dataset of client.list('GET /datasets')) names.push(dataset.id)
    expect(names).toContain('iris')
  })
})

describe('a job', () => {
  it('is paused, resumed with changes, and cancelled', async () => {
    const job = await client.jobs.create(xor)
    expect((await job.pause()).status).toBe('paused')
    expect((await job.resume({ epochs: 8 })).data.epochs).toBe(8)
    expect((await job.cancel()).status).toBe('cancelled')
    expect((await client.jobs.get(job.id)).data.status).toBe('cancelled')
  })
})

describe('types', () => {
  it('know routes, parameters, bodies and answers', () => {
    const use = () => {
      expectTypeOf(client.request('GET /jobs/{id}', { path: { id: '' } })).resolves.toEqualTypeOf<
        Schemas['Job']
      >()
      expectTypeOf(
        client.request('DELETE /jobs/{id}', { path: { id: '' } }),
      ).resolves.toEqualTypeOf<undefined>()
      // @ts-expect-error: no such route
      client.request('GET /nothing')
      // @ts-expect-error: the id is missing
      client.request('GET /jobs/{id}')
      // @ts-expect-error: the body is missing
      client.request('POST /jobs')
      // @ts-expect-error: no such layer
      client.jobs.create({ ...xor, network: { layers: [{ type: 'dence', units: 1 }] } })
      // @ts-expect-error: no such status
      client.jobs.list({ status: 'sleeping' })
      // @ts-expect-error: not a list
      client.list('GET /limits')
    }
    expect(use).toBeInstanceOf(Function)
  })

  it('name the codes of an error, which may be others in later versions', () => {
    const use = (error: unknown) => {
      if (error instanceof ApiError) expectTypeOf(error.code).not.toBeAny()
    }
    expect(use).toBeInstanceOf(Function)
  })

  it('have all parameters of an upload', () => {
    type Parameters = NonNullable<RouteInput<'POST /datasets'>['query']>
    expectTypeOf<keyof UploadSettings>().toEqualTypeOf<keyof Parameters>()
  })

  it('narrow an error by its code', () => {
    const narrow = (error: InvalidSpecError) => expectTypeOf(error.code).toEqualTypeOf<'invalid-spec'>()
    expect(narrow).toBeInstanceOf(Function)
  })
})
