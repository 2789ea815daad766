/** Wake-ups through Redis: each reaches a worker, and no message is lost with a worker. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Consumer, consume, openQueue } from '../../src/queue/queue.js'
import type { JobQueue } from '../../src/training/ports/queue.js'
import { gate } from '../support/gate.js'
import { hasRedis, startRedis, type TestRedis } from '../support/redis.js'
import { eventually } from '../support/service.js'
import { upTo } from '../support/watching.js'

/** Started first and awaited last, because the message returns only after seconds. */
interface Abandoned {
  /** Resolves when a living worker is woken. */
  delivered: Promise<void>
  close(): Promise<void>
}

let redis: TestRedis
let queue: JobQueue
let abandoned: Abandoned
const errors: Error[] = []
const onError = (error: Error) => void errors.push(error)
const consumers: Consumer[] = []

beforeAll(async () => {
  if (!hasRedis) return
  redis = await startRedis()
  queue = await openQueue(redis.url, onError)
  abandoned = await abandonMessage()
}, 60_000)

afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.close()))
})

afterAll(async () => {
  await abandoned?.close()
  await queue?.close()
  await redis?.stop()
})

async function start(work: () => Promise<void>, concurrency = 4): Promise<Consumer> {
  const consumer = await consume(redis.url, { concurrency, work, onError })
  consumers.push(consumer)
  return consumer
}

/** A worker that finishes at once. */
async function countWakeUps(): Promise<{ count: number; until(count: number): Promise<void> }> {
  const seen = {
    count: 0,
    async until(count: number) {
      await eventually(() => seen.count >= count || undefined)
    },
  }
  await start(async () => void seen.count++)
  return seen
}

describe.skipIf(!hasRedis)('a wake-up', () => {
  it('reaches a waiting worker, and one that connects later', async () => {
    await queue.wake()
    const woken = await countWakeUps()
    await woken.until(1)
    await queue.wake()
    await woken.until(2)
    await queue.afterCommit()
    await woken.until(3)
    expect(woken.count).toBe(3)
  })

  it('reaches one of several workers', async () => {
    const [first, second] = [await countWakeUps(), await countWakeUps()]
    for (const times of upTo(20)) {
      await queue.wake()
      await eventually(() => first.count + second.count >= times || undefined)
    }
    expect(first.count + second.count).toBe(20)
  })

  it('is merged with those sent while it waits, by any process', async () => {
    const other = await openQueue(redis.url, onError)
    await Promise.all(upTo(20).flatMap(() => [queue.wake(), other.wake()]))
    for (const _ of upTo(5)) await other.wake()
    const woken = await countWakeUps()
    await woken.until(1)
    await queue.wake()
    await woken.until(2)
    expect(woken.count).toBe(2)
    await other.close()
  })

  it('is delivered while others are processed, up to the concurrency of the worker', async () => {
    let now = 0
    let most = 0
    let done = 0
    const held = gate()
    await start(async () => {
      most = Math.max(most, ++now)
      await held.passed
      now--
      done++
    }, 3)
    for (const underway of upTo(3)) {
      await queue.wake()
      await eventually(() => now === underway || undefined)
    }
    // A fourth waits for a slot.
    await queue.wake()
    held.open()
    await eventually(() => done === 4 || undefined)
    expect(most).toBe(3)
  })

  it('sent while the only slot is taken is delivered afterwards', async () => {
    const held = gate()
    let begun = 0
    await start(async () => {
      begun++
      await held.passed
    }, 1)
    await queue.wake()
    await eventually(() => begun === 1 || undefined)
    await Promise.all([queue.wake(), queue.wake()])
    expect(begun).toBe(1)
    held.open()
    await eventually(() => begun === 2 || undefined)
  })

  it('whose work fails is reported, and later ones are delivered', async () => {
    errors.length = 0
    let begun = 0
    await start(async () => {
      throw new Error(`cannot train ${++begun}`)
    })
    for (const times of upTo(3)) {
      await queue.wake()
      await eventually(() => errors.length === times || undefined)
    }
    expect(errors.map(({ message }) => message)).toEqual(upTo(3).map((times) => `cannot train ${times}`))
  })

  it('is delivered after Redis lost its data, and after an outage', async () => {
    await queue.wake()
    await redis.flush()
    const woken = await countWakeUps()
    await queue.wake()
    await woken.until(1)
    await redis.crash()
    await eventually(() =>
      queue.wake().then(
        () => true,
        () => undefined,
      ),
    )
    await woken.until(2)
  })
})

describe.skipIf(!hasRedis)('a worker', () => {
  it('waits for the current message when it closes, and receives no other', async () => {
    const held = gate()
    let begun = 0
    const consumer = await start(async () => {
      begun++
      await held.passed
    }, 1)
    await queue.wake()
    await eventually(() => begun === 1 || undefined)
    await queue.wake()
    let closed = false
    const closing = consumer.close().then(() => {
      closed = true
    })
    await queue.workers()
    expect(closed).toBe(false)
    held.open()
    await closing
    consumers.splice(consumers.indexOf(consumer), 1)
    expect(begun).toBe(1)
    // The other message is for the next worker.
    const woken = await countWakeUps()
    await woken.until(1)
  })

  it('is counted while it is connected', async () => {
    const until = (workers: number) =>
      eventually(async () => ((await queue.workers()) === workers ? true : undefined))
    await until(0)
    const consumer = await start(async () => {})
    await start(async () => {})
    await until(2)
    await consumer.close()
    consumers.splice(consumers.indexOf(consumer), 1)
    await until(1)
  })

  it('loses its message to another worker when it is killed', async () => {
    await abandoned.delivered
  }, 60_000)
})

/** On a separate Redis, so that no other message is mistaken for this one. */
async function abandonMessage(): Promise<Abandoned> {
  const own = await startRedis()
  const onError = () => {}
  const producer = await openQueue(own.url, onError)
  await producer.wake()
  await killWhenHolding(own.url)
  const woken = gate()
  const consumer = await consume(own.url, { concurrency: 1, work: async () => woken.open(), onError })
  return {
    delivered: woken.passed,
    async close() {
      await consumer.close()
      await producer.close()
      await own.stop()
    },
  }
}

async function killWhenHolding(url: string): Promise<void> {
  const script = fileURLToPath(new URL('abandoning-consumer.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    if (output.includes('took a message')) break
  }
  if (!output.includes('took')) throw new Error(`the worker ended before it took its message: ${output}`)
  child.kill('SIGKILL')
  await exited
}
