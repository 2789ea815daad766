/** The stream of a sweep over a real socket, and as server-sent events. */
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type SweepMessage, sweepMessageSchema } from '../../src/contract/sweep-stream.js'
import { openApp, type RunningApp } from '../support/app.js'
import { eventually } from '../support/service.js'
import { setStatus } from '../support/stores.js'

let service: RunningApp
let url: string

beforeAll(async () => {
  service = await openApp()
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => service.close())

const sweep = {
  spec: {
    dataset: 'xor',
    network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
    loss: 'binaryCrossentropy',
    epochs: 5,
  },
  parameters: [{ path: '/batchSize', values: [1, 2, 3] }],
  metric: 'loss',
}

/** Starts a sweep, and returns its id and the jobs of its trials. */
async function start(): Promise<{ id: string; jobs: string[] }> {
  const { id } = (await service.app.inject({ method: 'POST', url: '/sweeps', payload: sweep })).json()
  const jobs = await eventually(async () => {
    const rows = await service.database.job.findMany({ where: { sweepId: id }, orderBy: { trial: 'asc' } })
    return rows.length === 3 ? rows.map((row) => row.id) : undefined
  })
  return { id, jobs }
}

function watch(id: string, query = '') {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/sweeps/${id}/stream${query}`)
  const messages: SweepMessage[] = []
  socket.on('message', (data) => messages.push(sweepMessageSchema.parse(JSON.parse(String(data)))))
  const closed = once(socket, 'close').then(([code, reason]) => `${code} ${reason}`)
  const trials = () => messages.flatMap((message) => (message.type === 'trials' ? message.trials : []))
  return { socket, messages, closed, trials }
}

const end = (id: string) => service.database.sweep.update({ where: { id }, data: { status: 'succeeded' } })

describe('the stream of a sweep', () => {
  it('sends the sweep, the changes of its trials, and its end', async () => {
    const { id, jobs } = await start()
    const { messages, closed, trials } = watch(id)
    await eventually(() => (trials().length === 3 ? true : undefined))
    expect(messages[0]).toMatchObject({ type: 'sweep', sweep: { id, counts: { queued: 3 } } })
    expect(trials().map(({ trial, status, values }) => [trial, status, values['/batchSize']])).toEqual([
      [1, 'queued', 1],
      [2, 'queued', 2],
      [3, 'queued', 3],
    ])
    await setStatus(service, jobs[1], 'succeeded', { loss: 0.25 })
    await eventually(() => trials()[3])
    expect(trials()[3]).toMatchObject({ trial: 2, status: 'succeeded', score: 0.25, rungs: [] })
    await eventually(() =>
      messages.find((message) => message.type === 'sweep' && message.sweep.best[0]?.score === 0.25),
    )
    for (const job of [jobs[0], jobs[2]]) await setStatus(service, job, 'failed')
    await end(id)
    expect(await closed).toBe('1000 end')
    expect(messages.at(-1)).toMatchObject({
      type: 'end',
      sweep: { status: 'succeeded', counts: { failed: 2 } },
    })
    expect(messages.findLast(({ type }) => type === 'trials')).toMatchObject({ position: 3 })
  })

  it('continues after a position, and sends no trials on request', async () => {
    const { id, jobs } = await start()
    await setStatus(service, jobs[0], 'succeeded', { loss: 0.5 })
    const rest = watch(id, '?after=1')
    await eventually(() => (rest.trials().length === 2 ? true : undefined))
    expect(rest.trials().map(({ trial }) => trial)).toEqual([2, 3])
    const summary = watch(id, '?trials=false')
    await eventually(() => summary.messages[0])
    for (const job of jobs.slice(1)) await setStatus(service, job, 'succeeded', { loss: 0.1 })
    await end(id)
    await Promise.all([rest.closed, summary.closed])
    expect(new Set(summary.messages.map(({ type }) => type))).toEqual(new Set(['sweep', 'end']))
  })

  it('is sent as events, whose ids continue it', async () => {
    const { id, jobs } = await start()
    await setStatus(service, jobs[0], 'succeeded', { loss: 0.5 })
    const headers = { accept: 'text/event-stream' }
    const response = await fetch(`${url}/sweeps/${id}/stream`, { headers })
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    for (const job of jobs.slice(1)) await setStatus(service, job, 'succeeded', { loss: 0.1 })
    await end(id)
    const text = await response.text()
    expect(text).toContain('"type":"trials"')
    const ids = [...text.matchAll(/^id: (.*)$/gm)].map(([, eventId]) => eventId)
    expect(ids.at(-1)).toBe('3-end')
    const ended = await fetch(`${url}/sweeps/${id}/stream`, {
      headers: { ...headers, 'last-event-id': '3-end' },
    })
    expect(ended.status).toBe(204)
    const later = await fetch(`${url}/sweeps/${id}/stream`, { headers: { ...headers, 'last-event-id': '2' } })
    expect([...(await later.text()).matchAll(/"trial":(\d+)/g)].map(([, trial]) => trial)).toEqual(['3'])
  })

  it('closes when the sweep is deleted', async () => {
    const { id } = await start()
    const { closed, messages } = watch(id)
    await eventually(() => messages[0])
    await service.database.sweep.delete({ where: { id } })
    expect(await closed).toBe('1008 the sweep was deleted')
  })

  it('is refused for an unknown sweep, and without a WebSocket', async () => {
    const { id } = await start()
    expect((await fetch(`${url}/sweeps/swp_${'0'.repeat(32)}/stream`)).status).toBe(404)
    expect((await fetch(`${url}/sweeps/${id}/stream`)).status).toBe(426)
  })
})
