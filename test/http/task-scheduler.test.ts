import { setImmediate as immediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { TaskScheduler } from '../../src/http/task-scheduler.js'
import { beginRequest, endRequest } from '../../src/training/slices.js'
import { upTo } from '../support/watching.js'

/** Blocks for at least this time. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

it('yields to the event loop between tasks, and keeps their order', async () => {
  const scheduler = new TaskScheduler(2)
  const done: number[] = []
  const all = upTo(20).map((each) =>
    scheduler.run(() => {
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
  const scheduler = new TaskScheduler(1)
  const fail = () => {
    work(2)
    throw new Error('broken')
  }
  expect(() => scheduler.run(fail)).toThrow('broken')
  await expect(Promise.resolve(scheduler.run(fail))).rejects.toThrow('broken')
  expect(await scheduler.run(() => 7)).toBe(7)
})

it('runs a task that another task adds after those that wait', async () => {
  const scheduler = new TaskScheduler(20)
  const done: string[] = []
  scheduler.run(() => work(21))
  const nested = scheduler.run(() => {
    done.push('first')
    return scheduler.run(() => done.push('added'))
  })
  await Promise.all([nested, scheduler.run(() => done.push('second'))])
  expect(done).toEqual(['first', 'second', 'added'])
})

it('uses a quarter of the time of the event loop while requests come, with what its tasks cause afterwards', async () => {
  const scheduler = new TaskScheduler(8, 1)
  let worked = 0
  const began = performance.now()
  for (let round = 0; round < 10; round++) {
    beginRequest()
    endRequest()
    await scheduler.run(() => {
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
