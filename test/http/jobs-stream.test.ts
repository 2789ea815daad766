/** The stream of many jobs over real sockets. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { EventSource } from 'eventsource'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type JobsStreamMessage, jobsStreamMessageSchema } from '../../src/contract/stream.js'
import { newId } from '../../src/training/new-id.js'
import type { ClaimedJob } from '../../src/training/ports/runs.js'
import { generous, openApp, type RunningApp } from '../support/app.js'
import { openEventSource } from '../support/event-source.js'
import { eventually } from '../support/service.js'
import { epochsOf, linearModel, newJob, startJob, storeEpochs } from '../support/stores.js'
import { settled } from '../support/waiting.js'
import { upTo, watchJob } from '../support/watching.js'
import { epochNumbers, type WatchingMany, watchMany } from '../support/watching-many.js'

let service: RunningApp
let url: string

beforeAll(async () => {
  service = await openApp()
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(() => service.close())

async function startJobs(count: number): Promise<ClaimedJob[]> {
  const claims: ClaimedJob[] = []
  for (const _ of upTo(count)) claims.push(await startJob(service))
  return claims
}

const store = (claim: ClaimedJob, from: number, to: number) =>
  storeEpochs(service, claim, epochsOf(upTo(to).slice(from)))

const idsOf = (claims: ClaimedJob[]) => claims.map(({ jobId }) => jobId)

/** Closes with the test. */
async function open(...arguments_: Parameters<typeof watchMany>): Promise<WatchingMany> {
  const watching = watchMany(...arguments_)
  onTestFinished(() => watching.socket.terminate())
  await watching.opened
  return watching
}

describe('a list in the address', () => {
  it.each([
    false,
    true,
  ])('sends the messages of each job as its own stream does, and closes after the last end (binary: %s)', async (binary) => {
    const claims = await startJobs(3)
    const alone = claims.map(({ jobId }) => watchJob(url, jobId))
    const watching = await open(url, `?jobs=${idsOf(claims)}`, { binary })
    await eventually(() => alone.every(({ messages }) => messages[0]) || undefined)
    await eventually(() => claims.every(({ jobId }) => watching.of(jobId)[0]) || undefined)
    for (const [index, claim] of claims.entries()) {
      await store(claim, 0, 10 + index)
      await service.live.refresh()
    }
    for (const claim of claims) await service.runs.succeed(claim, linearModel())
    await service.live.refresh()
    expect(await watching.closed).toBe(1000)
    for (const [index, { jobId }] of claims.entries()) {
      expect((await alone[index].ended).code).toBe(1000)
      const epochs = watching
        .of(jobId)
        .flatMap((message) => (message.type === 'epochs' ? message.epochs : []))
      expect(epochs).toEqual(alone[index].epochs())
      const others = (messages: { type: string; job?: unknown }[]) =>
        messages.flatMap(({ type, job }) => (type === 'epochs' ? [] : [{ type, job }]))
      expect(others(watching.of(jobId))).toEqual(others(alone[index].messages))
    }
  })

  it('starts after the epochs it names, and reports jobs that do not exist', async () => {
    const [first, second] = await startJobs(2)
    const foreign = await service.jobs.of('another').create(newJob())
    const unknown = newId('job')
    for (const claim of [first, second]) await store(claim, 0, 5)
    const jobs = `${first.jobId}:3,${unknown},${second.jobId},${foreign.id}:1`
    const watching = await open(url, `?jobs=${jobs}`)
    for (const { jobId } of [first, second]) await service.jobs.cancel(jobId)
    await service.live.refresh()
    expect(await watching.closed).toBe(1000)
    expect(watching.epochsOf(first.jobId)).toEqual([4, 5])
    expect(watching.epochsOf(second.jobId)).toEqual(upTo(5))
    for (const id of [unknown, foreign.id]) {
      const problem = { code: 'not-found', status: 404, detail: `There is no job ${id}.` }
      expect(watching.of(id)).toMatchObject([{ type: 'problem', problem }])
    }
  })

  it('ignores messages of the client', async () => {
    const [first, second] = await startJobs(2)
    const watching = await open(url, `?jobs=${first.jobId}`)
    watching.say({ type: 'watch', jobs: [{ id: second.jobId }] })
    watching.say({ type: 'unwatch', jobs: [first.jobId] })
    await service.jobs.cancel(first.jobId)
    await service.live.refresh()
    expect(await watching.closed).toBe(1000)
    expect(watching.messages.every(({ jobId }) => jobId === first.jobId)).toBe(true)
  })

  it.each([
    ['a wrong id', '?jobs=job_1', '/jobs/0/id'],
    ['an empty list', '?jobs=', '/jobs/0/id'],
    ['a wrong position', `?jobs=${newId('job')}:-1`, '/jobs/0/after'],
    ['a job twice', `?jobs=${'job_0123456789abcdef0123456789abcdef,'.repeat(2).slice(0, -1)}`, '/jobs'],
    ['101 jobs', `?jobs=${upTo(101).map(() => newId('job'))}`, '/jobs'],
  ])('with %s is refused before the upgrade', async (_name, query, pointer) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/stream${query}`)
    const [, response] = await once(socket, 'unexpected-response')
    const body = JSON.parse(Buffer.concat(await response.toArray()).toString())
    expect(body).toMatchObject({ status: 400, code: 'invalid-request', errors: [{ pointer }] })
  })
})

describe('a client that sends watch messages', () => {
  it('watches up to 1,000 jobs, and gets a problem for one more', async () => {
    const [claim] = await startJobs(1)
    const ids = upTo(1_000).map(() => newId('job'))
    const watching = await open(url)
    // Jobs that do not exist count only until they are queried.
    const read = vi.spyOn(service.watching, 'jobs').mockImplementation(() => new Promise(() => {}))
    for (let position = 0; position < 1_000; position += 100) {
      watching.say({ type: 'watch', jobs: ids.slice(position, position + 100).map((id) => ({ id })) })
    }
    watching.say({ type: 'watch', jobs: [{ id: claim.jobId }] })
    const problem = await eventually(() => watching.messages[0])
    read.mockRestore()
    expect(problem).toMatchObject({ type: 'problem', jobId: null, problem: { code: 'invalid-request' } })
    expect(JSON.stringify(problem)).toContain(
      '1001 jobs would be watched on this connection; the limit is 1000; unwatch some, or open another connection',
    )
    watching.socket.terminate()
  })

  it('adds and removes jobs without changing the others', async () => {
    const [first, second, third] = await startJobs(3)
    const watching = await open(url)
    watching.say({ type: 'watch', jobs: [{ id: first.jobId }, { id: second.jobId }] })
    await eventually(() => (watching.of(first.jobId)[0] && watching.of(second.jobId)[0]) || undefined)
    await store(first, 0, 4)
    await service.live.refresh()
    await eventually(() => watching.epochsOf(first.jobId).length === 4 || undefined)
    watching.say({ type: 'watch', jobs: [{ id: third.jobId, after: 0 }] })
    watching.say({ type: 'unwatch', jobs: [second.jobId] })
    await eventually(() => watching.of(third.jobId)[0])
    const before = watching.of(second.jobId).length
    await store(first, 4, 6)
    await store(second, 0, 6)
    await store(third, 0, 6)
    for (const { jobId } of [first, second, third]) await service.jobs.cancel(jobId)
    await service.live.refresh()
    const ended = (id: string) => watching.of(id).at(-1)?.type === 'end'
    await eventually(() => (ended(first.jobId) && ended(third.jobId)) || undefined)
    expect(watching.epochsOf(first.jobId)).toEqual(upTo(6))
    expect(watching.epochsOf(third.jobId)).toEqual(upTo(6))
    expect(watching.of(second.jobId)).toHaveLength(before)
    expect(watching.socket.readyState).toBe(WebSocket.OPEN)
  })

  it('continues after the last epochs it received before its connection was lost', async () => {
    const claims = await startJobs(4)
    const first = await open(url)
    first.say({ type: 'watch', jobs: idsOf(claims).map((id) => ({ id })) })
    for (const [index, claim] of claims.entries()) await store(claim, 0, 3 + index)
    await service.live.refresh()
    await eventually(() => claims.every(({ jobId }) => first.epochsOf(jobId).length > 0) || undefined)
    first.socket.terminate()
    await first.closed
    for (const claim of claims) await store(claim, 3 + claims.indexOf(claim), 20)
    const second = await open(url)
    const jobs = idsOf(claims).map((id) => ({ id, after: first.epochsOf(id).at(-1) ?? 0 }))
    second.say({ type: 'watch', jobs })
    for (const { jobId } of claims) await service.jobs.cancel(jobId)
    await service.live.refresh()
    await eventually(() => claims.every(({ jobId }) => second.of(jobId).at(-1)?.type === 'end') || undefined)
    for (const { jobId } of claims) {
      expect([...first.epochsOf(jobId), ...second.epochsOf(jobId)]).toEqual(upTo(20))
    }
  })

  it.each([
    ['no JSON', '{"type":', 'malformed-json', []],
    ['another type', '{"type":"cancel"}', 'invalid-request', ['/type']],
    ['no jobs', '{"type":"watch","jobs":[]}', 'invalid-request', ['/jobs']],
    ['a wrong id', '{"type":"watch","jobs":[{"id":"job_1"}]}', 'invalid-request', ['/jobs/0/id']],
    [
      'an unknown field',
      '{"type":"unwatch","jobs":["job_0123456789abcdef0123456789abcdef"],"x":1}',
      'invalid-request',
      ['/x'],
    ],
  ])('that sends %s gets a problem, and stays connected', async (_name, text, code, pointers) => {
    const [claim] = await startJobs(1)
    const watching = await open(url)
    watching.socket.send(text)
    const message = await eventually(() => watching.messages[0])
    expect(message).toMatchObject({ type: 'problem', jobId: null, problem: { code, status: 400 } })
    expect(message.type === 'problem' && message.problem.errors.map(({ pointer }) => pointer)).toEqual(
      pointers,
    )
    watching.say({ type: 'watch', jobs: [{ id: claim.jobId }] })
    await eventually(() => watching.of(claim.jobId)[0])
  })

  it('that sends requests without reading is closed', async () => {
    const [claim] = await startJobs(1)
    for (const batch of upTo(10)) await store(claim, (batch - 1) * 40_000, batch * 40_000)
    const watching = await open(url)
    watching.socket.pause()
    let sent = 0
    const isClosed = () =>
      [...service.app.websocketServer.clients].every(({ readyState }) => readyState !== WebSocket.OPEN)
    const jobs = upTo(200).map(() => ({ id: newId('job') }))
    while (!isClosed() && sent < 1_000) {
      watching.say({ type: 'watch', jobs: [{ id: claim.jobId }, ...jobs] })
      sent++
      await sleep(1)
    }
    expect(isClosed()).toBe(true)
    watching.socket.terminate()
  })
})

describe('a client of many jobs that does not read', () => {
  it('delays only its own reads of the database, and receives everything later', {
    timeout: 60_000,
  }, async () => {
    const claims = await startJobs(40)
    for (const claim of claims) {
      await storeEpochs(service, claim, epochsOf(upTo(10_000)))
      await service.jobs.cancel(claim.jobId)
    }
    const reads = [vi.spyOn(service.watching, 'jobs'), vi.spyOn(service.watching, 'epochs')]
    onTestFinished(() => {
      for (const read of reads) read.mockRestore()
    })
    const wanted = () => reads.flatMap(({ mock }) => mock.calls.flatMap(([jobs]) => jobs)).length
    const socket = new WebSocket(`${url.replace('http', 'ws')}/stream?jobs=${idsOf(claims)}`)
    socket.once('open', () => socket.pause())
    const next = new Map(idsOf(claims).map((id) => [id, 1]))
    let inOrder = true
    socket.on('message', (data) => {
      const { type, jobId, epochs } = JSON.parse(String(data))
      if (type !== 'epochs') return
      inOrder &&= epochs[0].epoch === next.get(jobId)
      next.set(jobId, epochs.at(-1).epoch + 1)
    })
    const closed = once(socket, 'close')
    // 400,000 epochs are 200 messages; some are in the buffers of the system.
    expect(await settled(wanted)).toBeLessThan(100)
    socket.resume()
    expect((await closed)[0]).toBe(1000)
    expect(inOrder).toBe(true)
    expect([...next.values()]).toEqual(claims.map(() => 10_001))
  })
})

describe('many jobs as server-sent events', () => {
  function listen(path: string) {
    const messages: JobsStreamMessage[] = []
    const { source, connections } = openEventSource(url + path)
    source.onmessage = ({ data }) => {
      messages.push(jobsStreamMessageSchema.parse(JSON.parse(data)))
    }
    return { source, messages, connections }
  }

  it('continue after Last-Event-ID when the connection was lost, and answer 204 after the last end', async () => {
    const claims = await startJobs(3)
    const unknown = newId('job')
    const [first, second, third] = claims
    for (const claim of claims) await store(claim, 0, 5)
    await service.jobs.cancel(third.jobId)
    const { source, messages, connections } = listen(
      `/stream?jobs=${first.jobId}:2,${second.jobId},${unknown},${third.jobId}`,
    )
    const has = (jobId: string, count: number) => epochNumbers(messages, jobId).length === count
    const ended = (id: string) => messages.some(({ type, jobId }) => type === 'end' && jobId === id)
    await eventually(() => (has(first.jobId, 3) && has(second.jobId, 5) && ended(third.jobId)) || undefined)
    await eventually(() => messages.some(({ type }) => type === 'problem') || undefined)
    service.app.server.closeAllConnections()
    for (const claim of [first, second]) await store(claim, 5, 9)
    for (const { jobId } of [first, second]) await service.jobs.cancel(jobId)
    await eventually(() => (ended(first.jobId) && ended(second.jobId)) || undefined)
    expect(epochNumbers(messages, first.jobId)).toEqual([3, 4, 5, 6, 7, 8, 9])
    expect(epochNumbers(messages, second.jobId)).toEqual(upTo(9))
    expect(messages.filter(({ type, jobId }) => type === 'end' && jobId === third.jobId)).toHaveLength(1)
    expect(messages.filter(({ type }) => type === 'problem')).toHaveLength(1)
    await eventually(() => source.readyState === EventSource.CLOSED || undefined)
    expect(connections).toEqual([
      { lastEventId: null, status: 200 },
      { lastEventId: '5,5,gone,5-end', status: 200 },
      { lastEventId: '9-end,9-end,gone,5-end', status: 204 },
    ])
  })

  it.each([
    ['without jobs', '/stream', 'text/event-stream', 400, 'invalid-request'],
    ['as something else', `/stream?jobs=${newId('job')}`, 'application/json', 426, 'websocket-required'],
  ])('are refused %s', async (_name, path, accept, status, code) => {
    const answer = await fetch(url + path, { headers: { accept } })
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ code })
  })
})

describe('progress instead of epochs', () => {
  it('is sent with ?epochs=false', async () => {
    const [claim] = await startJobs(1)
    const watching = await open(url, `?jobs=${claim.jobId}&epochs=false`)
    await eventually(() => watching.messages[0])
    await store(claim, 0, 100)
    await service.live.refresh()
    await eventually(() => watching.messages.length === 2 || undefined)
    await service.runs.succeed(claim, linearModel())
    await service.live.refresh()
    expect(await watching.closed).toBe(1000)
    expect(watching.messages).toMatchObject([
      { type: 'job', job: { epoch: 0 } },
      { type: 'job', job: { epoch: 100, status: 'running' } },
      { type: 'job', job: { epoch: 100, status: 'succeeded' } },
      { type: 'end' },
    ])
  })
})

describe('limits', () => {
  it('count the connection once for any number of jobs', async () => {
    const small = await openApp(20_000, undefined, null, { ...generous, sockets: 2 })
    onTestFinished(() => small.close())
    const address = await small.app.listen({ host: '127.0.0.1', port: 0 })
    const claims: ClaimedJob[] = []
    for (const _ of upTo(5)) claims.push(await startJob(small))
    const [first] = claims
    const watching = await open(address, `?jobs=${idsOf(claims)}`)
    const single = watchJob(address, first.jobId)
    await eventually(() => single.messages[0])
    const third = new WebSocket(`${address.replace('http', 'ws')}/stream`)
    const [, response] = await once(third, 'unexpected-response')
    expect(response.statusCode).toBe(429)
    watching.socket.terminate()
    await eventually(async () => {
      const again = watchMany(address)
      again.socket.on('error', () => {})
      await Promise.race([again.opened, sleep(1_000)]).catch(() => {})
      const { readyState } = again.socket
      again.socket.terminate()
      return readyState === WebSocket.OPEN || undefined
    })
    single.cut()
  })

  it('refuse messages above the requests a minute with a problem', async () => {
    const slow = await openApp(20_000, undefined, null, { ...generous, requestsPerMinute: 5 })
    onTestFinished(() => slow.close())
    const address = await slow.app.listen({ host: '127.0.0.1', port: 0 })
    const watching = await open(address)
    for (const _ of upTo(7)) watching.say({ type: 'unwatch', jobs: [newId('job')] })
    const message = await eventually(() => watching.messages[0])
    expect(message).toMatchObject({
      type: 'problem',
      jobId: null,
      problem: { code: 'rate-limited', status: 429 },
    })
  })
})

describe('a service that stops', () => {
  it('closes the streams of many jobs with 1012', async () => {
    const stopping = await openApp()
    const address = await stopping.app.listen({ host: '127.0.0.1', port: 0 })
    const { jobId } = await startJob(stopping)
    const byAddress = watchMany(address, `?jobs=${jobId}`)
    const byMessage = watchMany(address)
    await byMessage.opened
    byMessage.say({ type: 'watch', jobs: [{ id: jobId }] })
    await eventually(() => (byAddress.messages[0] && byMessage.messages[0]) || undefined)
    await stopping.close()
    expect([await byAddress.closed, await byMessage.closed]).toEqual([1012, 1012])
  })
})
