import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { BatchLoader } from '../../src/live/batch-loader.js'
import { Semaphore } from '../../src/live/semaphore.js'
import { upTo } from '../support/watching.js'

/** Calls that end on demand. */
function controlledCalls() {
  const batches: { items: number[]; succeed(): void; fail(error: Error): void }[] = []
  const loadBatch = (items: number[]) =>
    new Promise<number[]>((resolve, reject) => {
      batches.push({ items, succeed: () => resolve(items.map((each) => 10 * each)), fail: reject })
    })
  return { batches, loadBatch }
}

describe('a batch loader', () => {
  it('loads simultaneous items in one batch, and later items in the next', async () => {
    const { batches, loadBatch } = controlledCalls()
    const loader = new BatchLoader(loadBatch, { size: 3, concurrency: 1 })
    const first = [1, 2].map((each) => loader.load('a', String(each), each))
    await sleep(5)
    const second = [3, 4, 5, 6].map((each) => loader.load('a', String(each), each))
    await sleep(5)
    expect(batches.map(({ items }) => items)).toEqual([[1, 2]])
    batches[0]?.succeed()
    expect(await Promise.all(first)).toEqual([10, 20])
    await sleep(5)
    expect(batches.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4, 5],
    ])
    batches[1]?.succeed()
    await sleep(5)
    batches[2]?.succeed()
    expect(await Promise.all(second)).toEqual([30, 40, 50, 60])
  })

  it('loads an item once, unless its batch has started', async () => {
    const { batches, loadBatch } = controlledCalls()
    const loader = new BatchLoader(loadBatch, { size: 10, concurrency: 2 })
    const twice = [loader.load('a', 'a', 1), loader.load('a', 'a', 1)]
    await sleep(5)
    const later = loader.load('a', 'a', 1)
    await sleep(5)
    expect(batches.map(({ items }) => items)).toEqual([[1], [1]])
    for (const each of batches) each.succeed()
    expect(await Promise.all([...twice, later])).toEqual([10, 10, 10])
  })

  it('has items of each tenant in a batch, however many one of them waits for', async () => {
    const { batches, loadBatch } = controlledCalls()
    const loader = new BatchLoader(loadBatch, { size: 4, concurrency: 1 })
    const many = upTo(20).map((each) => loader.load('many', String(each), each))
    const others = [100, 200].map((each) => loader.load(`tenant ${each}`, String(each), each))
    await sleep(5)
    expect(batches[0]?.items.toSorted((one, other) => one - other)).toEqual([1, 2, 100, 200])
    while (batches.length < 6) {
      batches.at(-1)?.succeed()
      await sleep(1)
    }
    batches.at(-1)?.succeed()
    expect(await Promise.all(many)).toEqual(upTo(20).map((each) => 10 * each))
    expect(await Promise.all(others)).toEqual([1000, 2000])
  })

  it('rejects the items of a failed batch, and continues', async () => {
    const { batches, loadBatch } = controlledCalls()
    const loader = new BatchLoader(loadBatch, { size: 2, concurrency: 1 })
    const answers = upTo(3).map((each) => loader.load('a', String(each), each))
    const settled = Promise.allSettled(answers)
    await sleep(5)
    batches[0]?.fail(new Error('down'))
    await sleep(5)
    batches[1]?.succeed()
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  })
})

describe('a semaphore', () => {
  it('runs a given number of tasks in order, also after a failure', async () => {
    const semaphore = new Semaphore(2)
    const started: number[] = []
    const ends: (() => void)[] = []
    const tasks = upTo(5).map((each) =>
      semaphore.run(async () => {
        started.push(each)
        await new Promise<void>((resolve) => ends.push(resolve))
        if (each === 1) throw new Error('failed')
      }),
    )
    const settled = Promise.allSettled(tasks)
    await sleep(1)
    expect(started).toEqual([1, 2])
    expect(semaphore.waiting).toBe(3)
    ends[0]?.()
    await sleep(1)
    expect(started).toEqual([1, 2, 3])
    while (started.length < 5) {
      ends[started.length - 1]?.()
      await sleep(1)
    }
    for (const end of ends) end()
    expect((await settled).map(({ status }) => status)).toEqual([
      'rejected',
      ...upTo(4).map(() => 'fulfilled'),
    ])
  })
})
