/** Whose large JSON body the request thread reads next, and what becomes of those that wait. */
import { expect, it, onTestFinished } from 'vitest'
import { disconnectProblem } from '../../src/http/client-disconnect.js'
import { requestThread } from '../support/built.js'

const validation = Buffer.from(
  JSON.stringify({ dataset: { x: Array.from({ length: 20_000 }, (_, n) => [n, 1]), y: [] } }),
)
const body = { bytes: validation, name: 'job' as const, prefix: null }

function openThread() {
  const thread = requestThread.openRequestThread()
  onTestFinished(() => thread.close())
  const read = (tenantId: string, signal = new AbortController().signal) =>
    thread.read(body, { tenantId, signal })
  return { thread, read }
}

it('refuses bodies that wait when it is closed, and later ones, as unavailable', async () => {
  const { thread, read } = openThread()
  const waiting = Promise.allSettled([read('a'), read('a'), read('a'), read('b'), read('b')])
  await thread.close()
  const later = await Promise.allSettled([read('a')])
  for (const outcome of [...(await waiting), ...later]) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
  }
})

it('reads the body of another tenant before most of those that wait', async () => {
  const { read } = openThread()
  const order: string[] = []
  const note = async (tenantId: string) => {
    await read(tenantId)
    order.push(tenantId)
  }
  const flood = Array.from({ length: 12 }, () => note('a'))
  await Promise.all([...flood, note('b')])
  // Two bodies of the other tenant were under way.
  expect(order.indexOf('b')).toBeLessThanOrEqual(2)
})

it('does not read a body whose client has disconnected', async () => {
  const { read } = openThread()
  const client = new AbortController()
  const underWay = [read('a'), read('a')]
  const gone = read('a', client.signal)
  client.abort(disconnectProblem())
  await expect(gone).rejects.toThrow('disconnected')
  for (const { type } of await Promise.all(underWay)) expect(type).toBe('refused')
})

it('describes a dataset of another tenant before most of those that wait, and reads its body', async () => {
  const { thread, read } = openThread()
  const order: string[] = []
  const note = async (name: string, work: Promise<unknown>) => {
    await work
    order.push(name)
  }
  const spirals = (seed: number) => ({ name: 'spirals' as const, rows: 20_000, noise: 0.1, seed })
  const flood = Array.from({ length: 12 }, (_, seed) => note('a', thread.describe('a', spirals(seed))))
  await Promise.all([...flood, note('b', thread.describe('b', spirals(20))), note('c', read('c'))])
  // Two descriptions of the first tenant were under way.
  expect(order.indexOf('b')).toBeLessThanOrEqual(2)
  // Before it, the first tenant may have a further turn.
  expect(order.indexOf('c')).toBeLessThanOrEqual(4)
})
