import { setImmediate as immediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { BulkWork, paced } from '../../src/training/bulk-work.js'
import { beginRequest, endRequest } from '../../src/training/slices.js'
import { upTo } from '../support/watching.js'

/** Blocks for at least this time. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

it('yields to the event loop between tasks, and keeps their order', async () => {
  const lane = new BulkWork(2).openLane()
  const done: number[] = []
  const all = upTo(20).map((each) =>
    lane.run('a', () => {
      work(1)
      done.push(each)
      return each
    }),
  )
  expect(done.length).toBeLessThan(5)
  let turns = 0
  while (done.length < 20) {
    await immediate()
    turns++
  }
  expect(turns).toBeGreaterThan(3)
  expect(await Promise.all(all)).toEqual(upTo(20))
  expect(done).toEqual(upTo(20))
})

it('passes on errors of tasks, and runs the next ones', async () => {
  const lane = new BulkWork(1).openLane()
  const fail = () => {
    work(2)
    throw new Error('broken')
  }
  expect(() => lane.run('a', fail)).toThrow('broken')
  await expect(Promise.resolve(lane.run('a', fail))).rejects.toThrow('broken')
  expect(await lane.run('a', () => 7)).toBe(7)
})

it('runs a task that another task adds after those that wait', async () => {
  const lane = new BulkWork(20).openLane()
  const done: string[] = []
  lane.run('a', () => work(21))
  const nested = lane.run('a', () => {
    done.push('first')
    return lane.run('a', () => done.push('added'))
  })
  await Promise.all([nested, lane.run('a', () => done.push('second'))])
  expect(done).toEqual(['first', 'second', 'added'])
})

it('shares its budget among its lanes, which take turns', async () => {
  const bulk = new BulkWork(4)
  const lanes = ['a', 'b', 'c'].map((name) => ({ name, lane: bulk.openLane() }))
  const done: string[] = []
  const all = upTo(4).flatMap(() =>
    lanes.map(({ name, lane }) =>
      lane.run('a', () => {
        work(2)
        done.push(name)
      }),
    ),
  )
  // Two tasks take the budget of all lanes.
  expect(done).toEqual(['a', 'b'])
  await immediate()
  await immediate()
  expect(done.length).toBeLessThan(8)
  await Promise.all(all)
  expect(done.slice(2).join('')).toMatch(/^(abc|bca|cab)+[abc]{0,2}$/)
})

it('gives the tenants of a lane turns, however many tasks one has', async () => {
  const lane = new BulkWork(1).openLane()
  const done: string[] = []
  const add = (tenantId: string) =>
    lane.run(tenantId, () => {
      work(2)
      done.push(tenantId)
    })
  const all = [...upTo(50).map(() => add('many')), add('one'), ...upTo(3).map(() => add('some'))]
  await Promise.all(all)
  // The first one takes the budget at once.
  expect(done.slice(0, 8).toSorted()).toEqual([...Array(4).fill('many'), 'one', ...Array(3).fill('some')])
  expect(done).toHaveLength(54)
})

it('limits the tasks of a lane between two yields, not those of the others', async () => {
  const bulk = new BulkWork(1_000)
  const [limited, other] = [bulk.openLane(2), bulk.openLane()]
  const done: string[] = []
  const all = upTo(5).flatMap(() => [
    limited.run('a', () => done.push('limited')),
    other.run('a', () => done.push('other')),
  ])
  expect(done.filter((each) => each === 'limited')).toHaveLength(2)
  expect(done.filter((each) => each === 'other')).toHaveLength(5)
  await Promise.all(all)
  expect(done.filter((each) => each === 'limited')).toHaveLength(5)
})

it('counts the time that a task takes outside of it', async () => {
  const lane = new BulkWork(8).openLane()
  const done: number[] = []
  const all = upTo(6).map((each) => lane.run('a', () => done.push(each), 4))
  expect(done).toEqual([1, 2])
  await Promise.all(all)
  expect(done).toEqual(upTo(6))
})

it('paces chunks, which stay the same', async () => {
  const chunks: Uint8Array[] = upTo(20).map((each) => new Uint8Array(1024 ** 2).fill(each))
  async function* given() {
    yield* chunks
  }
  let turns = 0
  let isDone = false
  const count = () => {
    turns++
    if (!isDone) setImmediate(count)
  }
  setImmediate(count)
  const passed: Uint8Array[] = []
  for await (const chunk of paced(given(), 'a')) passed.push(chunk)
  isDone = true
  expect(passed.map((chunk) => chunks.indexOf(chunk))).toEqual(chunks.map((_, index) => index))
  // 20 MiB count with 40 ms, five times the budget.
  expect(turns).toBeGreaterThan(2)
})

it('uses a quarter of the time of the event loop while requests come, with what its tasks cause afterwards', async () => {
  const lane = new BulkWork(8).openLane(1)
  let worked = 0
  const began = performance.now()
  for (let round = 0; round < 10; round++) {
    beginRequest()
    endRequest()
    await lane.run('a', () => {
      // As a socket, which sends the bytes of the task after it.
      process.nextTick(() => {
        const start = performance.now()
        work(4)
        worked += performance.now() - start
      })
    })
  }
  // The last task needs no pause after it.
  const pauses = performance.now() - began - worked
  expect(pauses).toBeGreaterThan(2 * 9 * 4)
})
