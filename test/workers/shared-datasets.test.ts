/** Shared datasets are encoded once, and evicted when they use too much memory. */
import { describe, expect, it } from 'vitest'
import { Dataset } from '../../src/engine/index.js'
import type { SharedData } from '../../workers/messages.js'
import { SharedDatasets } from '../../workers/shared-datasets.js'
import { settle } from '../support/waiting.js'

function dataOf(rows: number): SharedData {
  const size = { trainingRows: rows, validationRows: 0, features: 1, targetWidth: 1 }
  const coding = { features: [], target: { type: 'number' as const, names: ['y'] } }
  return { type: 'shared', handle: Dataset.allocate(size).share(), coding }
}

const bytesOf = (data: SharedData) => Dataset.attach(data.handle).memory.bytes

async function encode(datasets: SharedDatasets, key: string, data: SharedData): Promise<void> {
  const taken = await datasets.take(key, true)
  if (taken.type !== 'encode') throw new Error(`${key} is there already`)
  taken.publish(data)
}

/** Which of the keys are held; asking makes one the newest, and a missing one stays missing. */
async function held(datasets: SharedDatasets, keys: string[]): Promise<string[]> {
  const found: string[] = []
  for (const key of keys) {
    const taken = await datasets.take(key, true)
    if (taken.type === 'shared') found.push(key)
    else if (taken.type === 'encode') taken.abandon()
  }
  return found
}

const plenty = 2 ** 40

describe('shared datasets', () => {
  it('are encoded by the first caller, and the others wait for it', async () => {
    const datasets = new SharedDatasets(plenty)
    const first = await datasets.take('a', true)
    if (first.type !== 'encode') throw new Error('nothing was encoded yet')
    const others = [datasets.take('a', true), datasets.take('a', true)]
    const early = await Promise.race([...others, settle().then(() => 'waits')])
    expect(early).toBe('waits')
    const data = dataOf(10)
    first.publish(data)
    first.abandon()
    for (const other of others) expect(await other).toEqual({ type: 'shared', data })
    const other = await datasets.take('b', true)
    expect(other.type).toBe('encode')
  })

  it('are evicted after their last use, but not while they are being encoded', async () => {
    const datasets = new SharedDatasets(plenty)
    const encoding = await datasets.take('encoding', true)
    for (const key of ['used', 'unused']) await encode(datasets, key, dataOf(1))
    const between = performance.now()
    await datasets.take('used', true)
    datasets.evictUnused(between)
    expect(await held(datasets, ['used', 'unused'])).toEqual(['used'])
    if (encoding.type !== 'encode') throw new Error('nothing was encoded yet')
    const waiting = datasets.take('encoding', true)
    encoding.publish(dataOf(1))
    expect(await waiting).toMatchObject({ type: 'shared' })
  })

  it('are encoded again by callers that do not wait', async () => {
    const datasets = new SharedDatasets(plenty)
    const first = await datasets.take('a', false)
    if (first.type !== 'encode') throw new Error('nothing was encoded yet')
    expect(await datasets.take('a', false)).toEqual({ type: 'private' })
    const data = dataOf(1)
    first.publish(data)
    expect(await datasets.take('a', false)).toEqual({ type: 'shared', data })
    datasets.forget('a')
    const again = await datasets.take('a', false)
    if (again.type !== 'encode') throw new Error('nobody encodes')
    again.abandon()
    expect((await datasets.take('a', false)).type).toBe('encode')
  })

  it('are encoded by the next caller if the first gives up', async () => {
    const datasets = new SharedDatasets(plenty)
    const first = await datasets.take('a', true)
    if (first.type !== 'encode') throw new Error('nothing was encoded yet')
    const [second, third] = [datasets.take('a', true), datasets.take('a', true)]
    first.abandon()
    const next = await Promise.race([second, third])
    if (next.type !== 'encode') throw new Error('nobody encodes')
    const data = dataOf(1)
    next.publish(data)
    const both = await Promise.all([second, third])
    expect(both.filter(({ type }) => type === 'shared')).toEqual([{ type: 'shared', data }])
  })

  it('are evicted above the limit, least recently used first', async () => {
    const each = bytesOf(dataOf(10_000))
    const datasets = new SharedDatasets(3 * each)
    for (const key of ['a', 'b', 'c']) await encode(datasets, key, dataOf(10_000))
    expect(await held(datasets, ['b', 'c', 'a'])).toEqual(['b', 'c', 'a'])
    await encode(datasets, 'd', dataOf(10_000))
    expect(await held(datasets, ['a', 'b', 'c', 'd'])).toEqual(['a', 'c', 'd'])
  })

  it('are not kept if one alone exceeds the limit', async () => {
    const datasets = new SharedDatasets(1)
    await encode(datasets, 'a', dataOf(10))
    expect(datasets.keeps('a')).toBe(false)
    expect(await held(datasets, ['a'])).toEqual([])
  })

  it('are kept for the next training, unless a large one has grown their memory', async () => {
    const datasets = new SharedDatasets(plenty)
    const data = dataOf(10)
    const taken = await datasets.take('a', true)
    if (taken.type !== 'encode') throw new Error('nothing was encoded yet')
    expect(datasets.keeps('a')).toBe(false)
    taken.publish(data)
    expect(datasets.keeps('a')).toBe(true)
    Dataset.attach(data.handle).memory.reserve(40 * 1024 * 1024)
    expect(datasets.keeps('a')).toBe(false)
    datasets.evict()
    expect(await held(datasets, ['a'])).toEqual([])
  })

  it('count with the memory that trainings on them added', async () => {
    const [small, large] = [dataOf(10), dataOf(10)]
    const datasets = new SharedDatasets(bytesOf(small) + bytesOf(large))
    await encode(datasets, 'small', small)
    await encode(datasets, 'large', large)
    expect(await held(datasets, ['small', 'large'])).toEqual(['small', 'large'])
    Dataset.attach(small.handle).memory.reserve(1024 * 1024)
    datasets.evict()
    expect(await held(datasets, ['small', 'large'])).toEqual(['large'])
  })

  it('are not evicted while they are encoded', async () => {
    const datasets = new SharedDatasets(1)
    const first = await datasets.take('a', true)
    if (first.type !== 'encode') throw new Error('nothing was encoded yet')
    await encode(datasets, 'b', dataOf(10))
    const waiting = datasets.take('a', true)
    const data = dataOf(10)
    first.publish(data)
    expect(await waiting).toEqual({ type: 'shared', data })
  })

  it('are removed on demand, and callers keep theirs', async () => {
    const datasets = new SharedDatasets(plenty)
    const data = dataOf(10)
    await encode(datasets, 'a', data)
    datasets.forget('a')
    expect(await held(datasets, ['a'])).toEqual([])
    expect(bytesOf(data)).toBeGreaterThan(0)
  })
})
