/** The stream of one job as server-sent events, with an EventSource. */
import { once } from 'node:events'
import http from 'node:http'
import { EventSource } from 'eventsource'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Epoch } from '../../src/contract/epoch.js'
import { type StreamMessage, streamMessageSchema } from '../../src/contract/stream.js'
import { openApp, type RunningApp } from '../support/app.js'
import { openEventSource } from '../support/event-source.js'
import { eventually } from '../support/service.js'
import { linearModel, startJob, storeEpochs } from '../support/stores.js'
import { settled } from '../support/waiting.js'
import { upTo } from '../support/watching.js'

/** A client that reads nothing for two of them is disconnected. */
const pingMilliseconds = 3_000

let service: RunningApp
let url: string

beforeAll(async () => {
  service = await openApp(pingMilliseconds)
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(() => service.close())

const epochsOf = (first: number, last: number): Epoch[] =>
  Array.from({ length: last - first + 1 }, (_, index) => {
    const epoch = first + index
    return { epoch, loss: 1 / epoch, accuracy: null, valLoss: null, valAccuracy: null, seconds: 0 }
  })

const epochNumbers = (messages: StreamMessage[]) =>
  messages.flatMap((message) => (message.type === 'epochs' ? message.epochs.map(({ epoch }) => epoch) : []))

/** An EventSource that records its events, and the requests of its connections. */
function listen(path: string) {
  const messages: StreamMessage[] = []
  const ids: string[] = []
  const { source, connections } = openEventSource(url + path)
  source.onmessage = ({ data, lastEventId }) => {
    messages.push(streamMessageSchema.parse(JSON.parse(data)))
    ids.push(lastEventId)
  }
  return { source, messages, ids, connections }
}

/** The raw bytes of an event stream. */
async function get(path: string, headers: Record<string, string> = {}) {
  const outgoing = http.get(url + path, { headers: { accept: 'text/event-stream', ...headers } })
  outgoing.on('error', () => {})
  onTestFinished(() => {
    outgoing.destroy()
  })
  const [answer]: http.IncomingMessage[] = await once(outgoing, 'response')
  if (answer === undefined) throw new Error('no answer')
  return answer
}

describe('the stream as server-sent events', () => {
  it('sends the messages of the WebSocket with epochs as ids, and answers 204 after the end', async () => {
    const claim = await startJob(service)
    const { source, messages, ids, connections } = listen(`/jobs/${claim.jobId}/stream`)
    await eventually(() => messages[0])
    await storeEpochs(service, claim, epochsOf(1, 10))
    await service.live.refresh()
    await eventually(() => (epochNumbers(messages).length === 10 ? true : undefined))
    await service.runs.succeed(claim, linearModel())
    await service.live.refresh()
    await eventually(() => (messages.at(-1)?.type === 'end' ? true : undefined))
    expect(epochNumbers(messages)).toEqual(upTo(10))
    expect(ids.at(0)).toBe('')
    expect(ids.at(-1)).toBe('10-end')
    expect(ids).toContain('10')
    // The server ends the response; the browser reconnects, receives 204, and stops.
    await eventually(() => (source.readyState === EventSource.CLOSED ? true : undefined))
    expect(connections).toEqual([
      { lastEventId: null, status: 200 },
      { lastEventId: '10-end', status: 204 },
    ])
  })

  it('continues after Last-Event-ID without gaps or repetitions', async () => {
    const claim = await startJob(service)
    await storeEpochs(service, claim, epochsOf(1, 5))
    const { messages, connections } = listen(`/jobs/${claim.jobId}/stream?after=2`)
    await eventually(() => (epochNumbers(messages).length === 3 ? true : undefined))
    service.app.server.closeAllConnections()
    await storeEpochs(service, claim, epochsOf(6, 9))
    await service.jobs.cancel(claim.jobId)
    await eventually(() => (messages.at(-1)?.type === 'end' ? true : undefined))
    expect(epochNumbers(messages)).toEqual([3, 4, 5, 6, 7, 8, 9])
    expect(connections.map(({ lastEventId }) => lastEventId)).toContain('5')
  })

  it('sends the retry time, and comments on idle connections', async () => {
    const { jobId } = await startJob(service)
    const answer = await get(`/jobs/${jobId}/stream`)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe('text/event-stream')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['x-request-id']).toBeDefined()
    let text = ''
    answer.on('data', (chunk) => {
      text += chunk
    })
    await eventually(() => (text.endsWith(':\n\n:\n\n') ? true : undefined))
    expect(text.startsWith('retry: 2000\n\ndata: {"type":"job"')).toBe(true)
    expect(service.live.watched).toBe(1)
    answer.destroy()
    await eventually(() => (service.live.watched === 0 ? true : undefined))
  })

  it.each([
    ['/jobs/none/stream', 'text/event-stream', 404],
    ['/jobs/none/stream?after=-1', 'text/event-stream', 400],
  ])('refuses %s with a problem', async (path, accept, status) => {
    const answer = await get(path, { accept })
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['content-type']).toContain('application/problem+json')
  })

  it('ignores an id that is not its own', async () => {
    const claim = await startJob(service)
    await storeEpochs(service, claim, epochsOf(1, 3))
    await service.jobs.cancel(claim.jobId)
    const answer = await get(`/jobs/${claim.jobId}/stream`, { 'last-event-id': 'x; DROP TABLE' })
    const text = Buffer.concat(await answer.toArray()).toString()
    expect(text).toContain('id: 3\ndata: {"type":"epochs","epochs":[{"epoch":1,')
    expect(text).toMatch(/id: 3-end\ndata: .*\n\n$/)
  })

  it('stops reading the database while a client does not read, and then resumes', async () => {
    const claim = await startJob(service)
    const batches = upTo(10).map((batch) => epochsOf((batch - 1) * 40_000 + 1, batch * 40_000))
    for (const batch of batches) await storeEpochs(service, claim, batch)
    await service.jobs.cancel(claim.jobId)
    const reads = vi.spyOn(service.watching, 'epochs')
    const answer = await get(`/jobs/${claim.jobId}/stream`)
    expect(await settled(() => reads.mock.calls.length)).toBeLessThan(100)
    const text = Buffer.concat(await answer.toArray()).toString()
    const received = [...text.matchAll(/"epoch":(\d+),"loss"/g)].map(([, epoch]) => Number(epoch))
    // The job, sent first and last, has its newest metrics but no such pair.
    expect(received).toEqual(upTo(400_000))
  })
})

describe('a service that stops', () => {
  it('ends the streams without delay', async () => {
    const stopping = await openApp(300)
    const address = await stopping.app.listen({ host: '127.0.0.1', port: 0 })
    const { jobId } = await startJob(stopping)
    const outgoing = http.get(`${address}/jobs/${jobId}/stream`, { headers: { accept: 'text/event-stream' } })
    const [answer]: http.IncomingMessage[] = await once(outgoing, 'response')
    if (answer === undefined) throw new Error('no answer')
    const ended = new Promise((resolve) => answer.on('error', () => {}).once('close', resolve))
    answer.resume()
    await stopping.close()
    await ended
  })
})
