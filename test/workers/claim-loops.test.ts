/** When a worker asks for jobs: as often as there may be some, and no more often than it has threads. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Lanes } from '../../workers/claim-loops.js'
import type { Phases } from '../../workers/processor.js'

/** One call of `next`, which the test ends. */
interface Asked {
  /** `left` jobs stay queued. */
  claim(left?: number): Promise<void>
  /** The thread is free; what was trained is still being stored. */
  train(): Promise<void>
  end(found: boolean): Promise<void>
  fail(error: Error): Promise<void>
}

/** All effects have happened after a turn of the event loop. */
function open(threads: number) {
  const asked: Asked[] = []
  const errors: unknown[] = []
  const next = ({ onClaim, onTrained }: Phases) =>
    new Promise<boolean>((resolve, reject) => {
      const then = (action: () => void) => async () => {
        action()
        await nextTurn()
      }
      asked.push({
        claim: (left = 1) => then(() => onClaim(left))(),
        train: then(onTrained),
        end: (found) => then(() => resolve(found))(),
        fail: (error) => then(() => reject(error))(),
      })
    })
  const lanes = new Lanes(threads, next, (error) => errors.push(error))
  return { lanes, asked, errors }
}

it('claims once after a wake-up, and once more after each claim, up to its threads', async () => {
  const { lanes, asked } = open(3)
  lanes.wake()
  lanes.wake()
  expect(asked).toHaveLength(1)
  await asked[0].claim()
  expect(asked).toHaveLength(2)
  await asked[1].claim()
  await asked[2].claim()
  lanes.wake()
  expect(asked).toHaveLength(3)
})

it('claims again after each training, until nothing is queued', async () => {
  const { lanes, asked } = open(1)
  lanes.wake()
  for (const index of [0, 1, 2]) {
    await asked[index].claim()
    await asked[index].train()
    await asked[index].end(true)
    expect(asked).toHaveLength(index + 2)
  }
  await asked[3].end(false)
  expect(asked).toHaveLength(4)
  lanes.wake()
  expect(asked).toHaveLength(5)
})

it('does not claim again when its claim left nothing, unless it was woken since', async () => {
  const { lanes, asked } = open(2)
  lanes.wake()
  await asked[0].claim(0)
  await asked[0].train()
  await asked[0].end(true)
  expect(asked).toHaveLength(1)
  lanes.wake()
  lanes.wake()
  await asked[1].claim(0)
  expect(asked).toHaveLength(3)
  await asked[2].claim(0)
  lanes.wake()
  await asked[1].train()
  expect(asked).toHaveLength(4)
})

it('claims again after a wake-up during a claim, because the claim may be older', async () => {
  const { lanes, asked } = open(2)
  lanes.wake()
  lanes.wake()
  await asked[0].end(false)
  expect(asked).toHaveLength(2)
  await asked[1].end(false)
  expect(asked).toHaveLength(2)
})

it('trains the next jobs while the last ones are stored, but no more', async () => {
  const { lanes, asked } = open(1)
  lanes.wake()
  await asked[0].claim()
  await asked[0].train()
  expect(asked).toHaveLength(2)
  await asked[1].claim()
  await asked[1].train()
  expect(asked).toHaveLength(2)
  await asked[0].end(true)
  expect(asked).toHaveLength(3)
})

it('claims at once after a wake-up while the last jobs are stored', async () => {
  const { lanes, asked } = open(1)
  lanes.wake()
  await asked[0].claim()
  await asked[0].train()
  await asked[1].end(false)
  lanes.wake()
  expect(asked).toHaveLength(3)
  await asked[2].end(false)
  let closed = false
  const closing = lanes.close().then(() => {
    closed = true
  })
  await nextTurn()
  expect(closed).toBe(false)
  await asked[0].end(true)
  await closing
})

it('starts another lane after a wake-up if a thread is free', async () => {
  const { lanes, asked } = open(2)
  lanes.wake()
  await asked[0].claim()
  await asked[1].end(false)
  expect(asked).toHaveLength(2)
  lanes.wake()
  expect(asked).toHaveLength(3)
  await asked[2].claim()
  lanes.wake()
  expect(asked).toHaveLength(3)
})

it('reports errors, and continues after the next wake-up', async () => {
  const { lanes, asked, errors } = open(1)
  lanes.wake()
  await asked[0].fail(new Error('the database is away'))
  expect(errors).toEqual([new Error('the database is away')])
  expect(asked).toHaveLength(1)
  lanes.wake()
  await asked[1].claim()
  await asked[1].fail(new Error('and again'))
  expect(errors).toHaveLength(2)
  lanes.wake()
  expect(asked).toHaveLength(3)
})

it('waits for trainings and their storage when it closes, and starts none', async () => {
  const { lanes, asked } = open(2)
  lanes.wake()
  await asked[0].claim()
  await asked[1].claim()
  await asked[0].train()
  expect(asked).toHaveLength(3)
  let closed = false
  const closing = lanes.close().then(() => {
    closed = true
  })
  lanes.wake()
  await asked[2].end(false)
  await asked[1].end(true)
  expect(closed).toBe(false)
  await asked[0].end(true)
  await closing
  expect(asked).toHaveLength(3)
  lanes.wake()
  expect(asked).toHaveLength(3)
})
