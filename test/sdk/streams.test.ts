/** Streams of the client through a proxy that cuts connections: every epoch arrives once and in order. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { Descent, type Epoch, JobCancelledError, JobFailedError, NotFoundError } from '../../sdk/src/index.js'
import { openApp, type RunningApp } from '../support/app.js'
import { type FaultyProxy, openFaultyProxy } from '../support/faulty-proxy.js'
import { keyFor } from '../support/keys.js'
import { eventually } from '../support/service.js'
import { epochsOf, linearModel, startJob, storeEpochs, xorSpec } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let service: RunningApp
let url: string
let key: string

beforeAll(async () => {
  service = await openApp()
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  key = (await keyFor(service, 'local', ['jobs:read', 'jobs:write'])).text
})

afterAll(() => service.close())

/** A new proxy, because `fetch` reuses the connections of an earlier one. */
async function openProxy(): Promise<FaultyProxy> {
  const proxy = await openFaultyProxy(() => url)
  onTestFinished(() => proxy.close())
  return proxy
}

const kinds = [
  { kind: 'WebSocket', WebSocket },
  { kind: 'server-sent events', WebSocket: null },
]

const epochs = 2_000
const start = () => startJob(service, 'worker_a', { spec: xorSpec({ epochs }) })
const between = (first: number, last: number) => epochsOf(upTo(last).slice(first - 1))

type Claim = Awaited<ReturnType<typeof start>>

async function store(claim: Claim, first: number, last: number): Promise<void> {
  expect(await storeEpochs(service, claim, between(first, last))).toBe(true)
  await service.live.refresh()
}

async function finish(claim: Claim): Promise<void> {
  expect(await service.runs.succeed(claim, linearModel())).toBe(true)
  await service.live.refresh()
}

describe.each(kinds)('a stream by $kind', ({ WebSocket }) => {
  const open = (address = url) => new Descent({ url: address, key, WebSocket })

  it('gives every epoch once and in order, wherever connections are cut', async () => {
    const claim = await start()
    await store(claim, 1, 500)
    const proxy = await openProxy()
    const cuts = fc.sample(fc.integer({ min: 1, max: 12_000 }), 10)
    proxy.fail(...[1, 150, ...cuts].map((cutAfter) => ({ cutAfter })))
    const states: string[] = []
    const seen: Epoch[] = []
    const { data } = await open().jobs.get(claim.jobId)
    const job = open(proxy.url).jobs.of(data)
    for await (const epoch of job.epochs({ onConnection: (state) => states.push(state) })) {
      seen.push(epoch)
      if (seen.length % 500 !== 0) continue
      if (seen.length === epochs) await finish(claim)
      else await store(claim, seen.length + 1, seen.length + 500)
    }
    expect(seen).toEqual(between(1, epochs))
    expect(job.data).toMatchObject({ status: 'succeeded', epoch: epochs })
    expect(states.filter((state) => state === 'reconnecting').length).toBeGreaterThan(2)
  })

  it('marks the epoch in which the training diverged', async () => {
    const claim = await start()
    const [first, second] = between(1, 2)
    const diverged: Epoch = { ...second, loss: null, diverged: true }
    expect(await storeEpochs(service, claim, [first, diverged])).toBe(true)
    await service.runs.fail(claim, { code: 'diverged', message: 'The loss is infinite.', epoch: 2 })
    const seen: Epoch[] = []
    const job = await open().jobs.get(claim.jobId)
    for await (const epoch of job.epochs()) seen.push(epoch)
    expect(seen).toEqual([first, diverged])
  })

  it('continues after an epoch', async () => {
    const claim = await start()
    await store(claim, 1, 30)
    await finish(claim)
    const seen: number[] = []
    const job = await open().jobs.get(claim.jobId)
    for await (const { epoch } of job.epochs({ after: 20 })) seen.push(epoch)
    expect(seen).toEqual(upTo(30).slice(20))
  })

  it('ends with the signal, and with the loop', async () => {
    const claim = await start()
    await store(claim, 1, 10)
    const job = await open().jobs.get(claim.jobId)
    const controller = new AbortController()
    const seen: number[] = []
    const reading = (async () => {
      for await (const { epoch } of job.epochs({ signal: controller.signal })) seen.push(epoch)
    })()
    await eventually(() => (seen.length === 10 ? true : undefined))
    controller.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
    for await (const { epoch } of job.epochs()) if (epoch === 5) break
    await eventually(() => (service.live.watchers === 0 ? true : undefined))
  })

  it('reports a job that does not exist', async () => {
    const watching = open().jobs.watch('job_0123456789abcdef0123456789abcdef')
    await expect(watching.next()).rejects.toThrow(NotFoundError)
    const claim = await start()
    const job = await open().jobs.get(claim.jobId)
    await job.cancel()
    await open().jobs.delete(job.id)
    await expect(job.refresh()).rejects.toMatchObject({ code: 'not-found', status: 404 })
  })

  it('waits for the end of a job', async () => {
    const claim = await start()
    const proxy = await openProxy()
    proxy.fail({ cutAfter: 2_000 }, { cutAfter: 1 }, { cutAfter: 1_000 })
    const { data } = await open().jobs.get(claim.jobId)
    const job = open(proxy.url).jobs.of(data)
    const progress: number[] = []
    const done = job.done({ onProgress: ({ epoch }) => progress.push(epoch) })
    await eventually(() => (progress.length > 0 ? true : undefined))
    await store(claim, 1, epochs)
    await finish(claim)
    const finished = await done
    expect(finished.modelId).toMatch(/^mdl_/)
    expect(progress.at(-1)).toBe(epochs)
    expect(await job.done()).toEqual(finished)
  })

  it('rejects when the job fails or is cancelled', async () => {
    const client = open()
    const fails = await client.jobs.get((await start()).jobId)
    const cancelled = await client.jobs.get((await start()).jobId)
    const claim = { jobId: fails.id, attempt: 1 }
    const outcomes = Promise.allSettled([fails.done(), cancelled.done()])
    await eventually(() => (service.live.watchers === 2 ? true : undefined))
    await service.runs.fail(claim, { code: 'diverged', message: 'The loss is infinite.', epoch: 3 })
    await cancelled.cancel()
    await service.live.refresh()
    const [failure, cancellation] = (await outcomes).map((each) => each.status === 'rejected' && each.reason)
    expect(failure).toBeInstanceOf(JobFailedError)
    expect(failure).toMatchObject({ code: 'diverged', job: { id: fails.id, status: 'failed' } })
    expect(cancellation).toBeInstanceOf(JobCancelledError)
    await expect(cancelled.done()).rejects.toThrow(JobCancelledError)
  })
})

describe('a stream', () => {
  it('falls back to server-sent events where WebSockets do not open', async () => {
    const claim = await start()
    await store(claim, 1, 10)
    await finish(claim)
    class Refused extends WebSocket {
      constructor(address: string) {
        super(address.replace('/stream', '/nothing'))
      }
    }
    const job = await new Descent({ url, key, WebSocket: Refused }).jobs.get(claim.jobId)
    const seen: number[] = []
    for await (const { epoch } of job.epochs()) seen.push(epoch)
    expect(seen).toEqual(upTo(10))
  })

  it('gives all epochs to a reader that lags, over another connection', async () => {
    // More than 8 MiB: five numbers of 8 bytes for each epoch.
    const many = 240_000
    const claim = await startJob(service, 'worker_a', { spec: xorSpec({ epochs: many }) })
    const stored = between(1, many).map((epoch) => ({ ...epoch, accuracy: 1, valLoss: 1, valAccuracy: 1 }))
    for (let first = 0; first < many; first += 60_000)
      expect(await storeEpochs(service, claim, stored.slice(first, first + 60_000))).toBe(true)
    await finish(claim)
    const states: string[] = []
    const job = await new Descent({ url, key, WebSocket }).jobs.get(claim.jobId)
    let last = 0
    for await (const { epoch } of job.epochs({ onConnection: (state) => states.push(state) })) {
      expect(epoch === last + 1).toBe(true)
      last = epoch
      // Until the connection that the client closed is gone.
      if (epoch === 1) await eventually(() => (service.live.watchers === 0 ? true : undefined))
    }
    expect(last).toBe(many)
    expect(states.filter((state) => state === 'live').length).toBeGreaterThan(1)
  })

  it('gives up when nothing answers for its patience', async () => {
    const claim = await start()
    const client = new Descent({ url: 'http://127.0.0.1:9', key, streamPatience: 300 })
    await expect(client.jobs.watch(claim.jobId).next()).rejects.toMatchObject({ name: 'ConnectionError' })
  })
})
