/** Sweeps of the client, whose stream is cut. No worker trains the trials. */

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { Descent, NotFoundError, SweepCancelledError, type SweepRequest } from '../../sdk/src/index.js'
import { openApp, type RunningApp } from '../support/app.js'
import { openFaultyProxy } from '../support/faulty-proxy.js'
import { eventually } from '../support/service.js'

let service: RunningApp
let url: string
let client: Descent

beforeAll(async () => {
  service = await openApp()
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  client = new Descent({ url, WebSocket })
})

afterAll(() => service.close())

const request: SweepRequest = {
  name: 'rates',
  spec: { dataset: 'xor', optimizer: { type: 'sgd' }, epochs: 10 },
  parameters: [{ path: '/optimizer/learningRate', values: [0.1, 0.2, 0.3] }],
  metric: 'loss',
}

it.each([
  { kind: 'a WebSocket', WebSocket },
  { kind: 'server-sent events', WebSocket: null },
])('a sweep is watched to its end by $kind over cut connections', async ({ WebSocket }) => {
  const { data } = await client.sweeps.create(request)
  const proxy = await openFaultyProxy(() => url)
  onTestFinished(() => proxy.close())
  proxy.fail({ cutAfter: 1 }, { cutAfter: 900 }, { cutAfter: 2_000 })
  const sweep = new Descent({ url: proxy.url, WebSocket }).sweeps.of(data)
  const trials = new Set<number>()
  const types = new Set<string>()
  for await (const message of sweep.watch()) {
    types.add(message.type)
    if (message.type === 'trials') for (const { trial } of message.trials) trials.add(trial)
    if (trials.size === 3 && sweep.data.status === 'running') await client.sweeps.of(data).cancel()
  }
  expect([...trials].toSorted()).toEqual([1, 2, 3])
  expect(types).toContain('end')
  expect(proxy.connections).toBe(4)
  expect(sweep.data.status).toBe('cancelled')
  await expect(sweep.done()).rejects.toThrow(SweepCancelledError)
})

it('a sweep is paused, resumed, listed, cancelled and deleted', async () => {
  const sweep = await client.sweeps.create(request)
  expect((await sweep.pause()).data.status).toBe('paused')
  expect((await sweep.resume()).data.status).toBe('running')
  const outcome = sweep.done().catch((error: unknown) => error)
  await eventually(async () => ((await sweep.refresh()).data.created === 3 ? true : undefined))
  const values: unknown[] = []
  for await (const trial of sweep.trials()) values.push(...Object.values(trial.values))
  expect(values).toEqual([0.1, 0.2, 0.3])
  const ids: string[] = []
  for await (const each of client.sweeps.list({ limit: 1 })) ids.push(each.id)
  expect(ids[0]).toBe(sweep.id)
  await sweep.cancel()
  expect(await outcome).toMatchObject({ name: 'SweepCancelledError', sweep: { id: sweep.id } })
  await client.sweeps.delete(sweep.id)
  await expect(client.sweeps.get(sweep.id)).rejects.toThrow(NotFoundError)
})
