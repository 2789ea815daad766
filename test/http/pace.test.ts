import { setImmediate as immediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Pace } from '../../src/http/pace.js'
import { upTo } from '../support/watching.js'

/** Takes at least so long. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

it('lets others have their turn between tasks, and keeps the order', async () => {
  const pace = new Pace(2)
  const done: number[] = []
  const all = upTo(20).map((each) =>
    pace.run(() => {
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

it('hands on what a task throws, at once or later, and goes on', async () => {
  const pace = new Pace(1)
  const fail = () => {
    work(2)
    throw new Error('broken')
  }
  expect(() => pace.run(fail)).toThrow('broken')
  await expect(Promise.resolve(pace.run(fail))).rejects.toThrow('broken')
  expect(await pace.run(() => 7)).toBe(7)
})
