/** The stream of many jobs of the client: every epoch once and in order, whatever the set of jobs and connections do. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { Descent, type JobsWatch, NotFoundError } from '../../sdk/src/index.js'
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

async function openProxy(): Promise<FaultyProxy> {
  const proxy = await openFaultyProxy(() => url)
  onTestFinished(() => proxy.close())
  return proxy
}

const start = () => startJob(service, 'worker_a', { spec: xorSpec({ epochs: 300 }) })
type Claim = Awaited<ReturnType<typeof start>>

async function store(claim: Claim, first: number, last: number): Promise<void> {
  expect(await storeEpochs(service, claim, epochsOf(upTo(last).slice(first - 1)))).toBe(true)
  await service.live.refresh()
}

async function finish(claim: Claim): Promise<void> {
  expect(await service.runs.succeed(claim, linearModel())).toBe(true)
  await service.live.refresh()
}

/** What a watch has given so far, and its end. */
function read(watch: JobsWatch) {
  const epochs = new Map<string, number[]>()
  const ended: string[] = []
  const missing: (string | null)[] = []
  const end = (async () => {
    for await (const message of watch) {
      if (message.type === 'epochs')
        epochs.set(message.jobId, [
          ...(epochs.get(message.jobId) ?? []),
          ...message.epochs.map(({ epoch }) => epoch),
        ])
      if (message.type === 'end') ended.push(message.jobId)
      if (message.type === 'problem') missing.push(message.jobId)
    }
  })()
  const reached = (claim: Claim, epoch: number) =>
    eventually(() => (epochs.get(claim.jobId)?.at(-1) === epoch ? true : undefined))
  return { epochs, ended, missing, end, reached }
}

const noJob = 'job_0123456789abcdef0123456789abcdef'

describe.each([
  { kind: 'a WebSocket', WebSocket },
  { kind: 'server-sent events', WebSocket: null },
])('many jobs over $kind', ({ WebSocket }) => {
  const open = (address = url) => new Descent({ url: address, key, WebSocket })

  it('have every epoch once and in order over cut connections, and end with the last job', async () => {
    const [one, other] = [await start(), await start()]
    await store(one, 1, 100)
    await store(other, 1, 50)
    const proxy = await openProxy()
    proxy.fail({ cutAfter: 1 }, { cutAfter: 3_000 }, { cutAfter: 6_000 })
    const seen = read(open(proxy.url).jobs.watchMany([one.jobId, noJob, other.jobId]))
    await seen.reached(one, 100)
    await store(one, 101, 300)
    await finish(one)
    await seen.reached(one, 300)
    await store(other, 51, 300)
    await finish(other)
    await seen.end
    expect(seen.epochs.get(one.jobId)).toEqual(upTo(300))
    expect(seen.epochs.get(other.jobId)).toEqual(upTo(300))
    expect(seen.ended.toSorted()).toEqual([one.jobId, other.jobId].toSorted())
    expect(seen.missing).toEqual([noJob])
    expect(proxy.connections).toBeGreaterThan(3)
  })

  it('are replaced while they are watched', async () => {
    const [first, second, third] = [await start(), await start(), await start()]
    const controller = new AbortController()
    const watch = open().jobs.watchMany([], { staysOpen: true, signal: controller.signal })
    const seen = read(watch)
    watch.set([first.jobId, second.jobId])
    await store(first, 1, 10)
    await store(second, 1, 20)
    await seen.reached(first, 10)
    await seen.reached(second, 20)
    watch.set([second.jobId, third.jobId])
    await store(third, 1, 30)
    await seen.reached(third, 30)
    await store(first, 11, 40)
    await store(second, 21, 40)
    await seen.reached(second, 40)
    expect(seen.epochs.get(first.jobId)).toEqual(upTo(10))
    expect(seen.epochs.get(second.jobId)).toEqual(upTo(40))
    watch.set([])
    await store(second, 41, 50)
    expect(seen.epochs.get(second.jobId)).toEqual(upTo(40))
    watch.set([first.jobId])
    await eventually(() => (seen.epochs.get(first.jobId)?.includes(40) ? true : undefined))
    await finish(first)
    await eventually(() => (seen.ended.includes(first.jobId) ? true : undefined))
    watch.set([second.jobId])
    await seen.reached(second, 50)
    controller.abort(new Error('enough'))
    await expect(seen.end).rejects.toThrow('enough')
    await eventually(() => (service.live.watchers === 0 ? true : undefined))
  })

  it('end with the signal of the loop, and with that of the client', async () => {
    const claim = await start()
    for (const client of [true, false]) {
      const controller = new AbortController()
      const { signal } = controller
      const own = client ? open().withOptions({ signal }) : open()
      const seen = read(own.jobs.watchMany([claim.jobId], client ? {} : { signal }))
      await eventually(() => (service.live.watchers === 1 ? true : undefined))
      controller.abort(new Error('enough'))
      await expect(seen.end).rejects.toThrow('enough')
      await eventually(() => (service.live.watchers === 0 ? true : undefined))
    }
  })

  it('send the job instead of its epochs on request', async () => {
    const claim = await start()
    await store(claim, 1, 20)
    await finish(claim)
    const types: string[] = []
    for await (const { type } of open().jobs.watchMany([claim.jobId], { epochs: false })) types.push(type)
    expect(types.at(-1)).toBe('end')
    expect(types).not.toContain('epochs')
  })
})

it('a WebSocket watches hundreds of jobs, in messages that the service takes', async () => {
  const ids = Array.from({ length: 401 }, (_, index) => `job_${index.toString(16).padStart(32, '0')}`)
  const seen = read(new Descent({ url, key, WebSocket }).jobs.watchMany(ids))
  await seen.end
  expect(seen.missing.toSorted()).toEqual(ids)
})

it('a refused key ends the stream', async () => {
  const watch = new Descent({ url, key: 'wrong', WebSocket }).jobs.watchMany([noJob])
  await expect(read(watch).end).rejects.toMatchObject({ code: 'unauthorized' })
})

it('a job that is deleted while it is watched ends its stream', async () => {
  const claim = await start()
  const client = new Descent({ url, key, WebSocket })
  const watching = (async () => {
    for await (const _ of client.jobs.watch(claim.jobId));
  })()
  watching.catch(() => {})
  await eventually(() => (service.live.watchers === 1 ? true : undefined))
  await service.database.job.delete({ where: { id: claim.jobId } })
  await service.live.refresh()
  await expect(watching).rejects.toThrow(NotFoundError)
})
