/** What a queue must do, on whatever backend; exported once, run over each. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Consumer, consume, openQueue, type QueueAddress } from '../../src/queue/queue.js'
import { newId } from '../../src/training/new-id.js'
import type { JobQueue } from '../../src/training/ports.js'
import { gate } from '../support/gate.js'
import { eventually } from '../support/service.js'

export interface Backend {
  /** A queue of its own, empty. */
  open(): Promise<{ address: QueueAddress; drop(): Promise<void> }>
}

export function queueCases(name: string, { open }: Backend): void {
  const errors: Error[] = []
  const onError = (error: Error) => void errors.push(error)
  let place: Awaited<ReturnType<Backend['open']>>
  let queue: JobQueue
  const consumers: Consumer[] = []

  beforeAll(async () => {
    place = await open()
    queue = await openQueue(place.address, onError)
  })

  afterEach(async () => {
    await Promise.all(consumers.splice(0).map((consumer) => consumer.close()))
  })

  afterAll(async () => {
    await queue?.close()
    await place?.drop()
  })

  async function start(handle: (jobId: string) => Promise<void>, concurrency = 4): Promise<Consumer> {
    const consumer = await consume(place.address, { concurrency, handle, onError })
    consumers.push(consumer)
    return consumer
  }

  /** Collects what is delivered; a last ticket tells when all before it were. */
  async function collect(): Promise<{ delivered: string[]; untilAll(count: number): Promise<string[]> }> {
    const delivered: string[] = []
    await start(async (jobId) => void delivered.push(jobId))
    return {
      delivered,
      untilAll: (count) => eventually(() => (delivered.length >= count ? delivered.toSorted() : undefined)),
    }
  }

  const newIds = (count: number) => Array.from({ length: count }, () => newId('job')).toSorted()

  describe(`the queue on ${name}`, () => {
    it('delivers each ticket once, and what it delivers is the id of the job', async () => {
      const ids = newIds(60)
      await Promise.all(ids.slice(0, 30).map((jobId) => queue.enqueue({ jobId, attempt: 0 })))
      const { delivered, untilAll } = await collect()
      await Promise.all(ids.slice(30).map((jobId) => queue.enqueue({ jobId, attempt: 0 })))
      expect(await untilAll(60)).toEqual(ids)
      const [last] = newIds(1)
      await queue.enqueue({ jobId: last, attempt: 0 })
      await untilAll(61)
      expect(delivered).toHaveLength(61)
    })

    it('delivers once between several consumers', async () => {
      const [first, second] = [await collect(), await collect()]
      const ids = newIds(40)
      await Promise.all(ids.map((jobId) => queue.enqueue({ jobId, attempt: 0 })))
      const both = () => [...first.delivered, ...second.delivered]
      await eventually(() => both().length >= 40 || undefined)
      expect(both().toSorted()).toEqual(ids)
    })

    it('ignores a ticket that it holds already, and takes the next attempt', async () => {
      const [jobId] = newIds(1)
      for (let times = 0; times < 3; times++) await queue.enqueue({ jobId, attempt: 0 })
      await queue.enqueue({ jobId, attempt: 1 })
      const { untilAll } = await collect()
      expect(await untilAll(2)).toEqual([jobId, jobId])
      const [marker] = newIds(1)
      await queue.enqueue({ jobId: marker, attempt: 0 })
      expect(await untilAll(3)).toEqual([jobId, jobId, marker].toSorted())
    })

    it('takes a ticket again while it is being handled: another job may be trained on it', async () => {
      const [jobId] = newIds(1)
      const delivered: string[] = []
      const held = gate()
      await start(async (id) => {
        delivered.push(id)
        await held.passed
      })
      await queue.enqueue({ jobId, attempt: 0 })
      await eventually(() => delivered[0])
      await queue.enqueue({ jobId, attempt: 0 })
      await queue.enqueue({ jobId, attempt: 0 })
      await eventually(() => delivered[1])
      held.open()
      expect(delivered.every((id) => id === jobId)).toBe(true)
    })

    it('takes the same ticket again once it was handled', async () => {
      const { delivered } = await collect()
      const [jobId, marker] = newIds(2)
      await eventually(async () => {
        await queue.enqueue({ jobId, attempt: 0 })
        return delivered.length > 1 || undefined
      })
      // The one enqueued last may still be under way.
      await queue.enqueue({ jobId: marker, attempt: 0 })
      await eventually(() => delivered.includes(marker) || undefined)
      expect(delivered.every((id) => id === jobId || id === marker)).toBe(true)
    })

    it('hands out as many at a time as the consumer takes', async () => {
      let now = 0
      let most = 0
      const done: string[] = []
      const held = gate()
      await start(async (jobId) => {
        most = Math.max(most, ++now)
        if (now === 3) held.open()
        await held.passed
        now--
        done.push(jobId)
      }, 3)
      await Promise.all(newIds(20).map((jobId) => queue.enqueue({ jobId, attempt: 0 })))
      await eventually(() => done.length === 20 || undefined)
      expect(most).toBe(3)
    })

    it('forgets a ticket whose handling failed, and reports the failure', async () => {
      errors.length = 0
      const delivered: string[] = []
      await start(async (jobId) => {
        delivered.push(jobId)
        throw new Error(`cannot train ${jobId}`)
      })
      const ids = newIds(2)
      for (const jobId of ids) await queue.enqueue({ jobId, attempt: 0 })
      await eventually(() => errors.length === 2 || undefined)
      expect(errors.map(({ message }) => message).toSorted()).toEqual(ids.map((id) => `cannot train ${id}`))
      expect(delivered.toSorted()).toEqual(ids)
    })

    it('waits for what is being handled when a consumer closes, and hands it nothing more', async () => {
      const held = gate()
      const delivered: string[] = []
      const consumer = await start(async (jobId) => {
        delivered.push(jobId)
        await held.passed
      }, 1)
      const [first, second] = newIds(2)
      await queue.enqueue({ jobId: first, attempt: 0 })
      await queue.enqueue({ jobId: second, attempt: 0 })
      await eventually(() => delivered[0])
      let closed = false
      const closing = consumer.close().then(() => {
        closed = true
      })
      await queue.workers()
      expect(closed).toBe(false)
      held.open()
      await closing
      consumers.splice(consumers.indexOf(consumer), 1)
      expect(delivered).toHaveLength(1)
      const { untilAll } = await collect()
      expect(await untilAll(1)).toEqual([first, second].filter((id) => id !== delivered[0]))
    })

    it('counts the workers that are connected', async () => {
      await eventually(async () => (await queue.workers()) === 0 || undefined)
      const consumer = await start(async () => {})
      await start(async () => {})
      await eventually(async () => (await queue.workers()) === 2 || undefined)
      await consumer.close()
      consumers.splice(consumers.indexOf(consumer), 1)
      expect(await eventually(async () => ((await queue.workers()) === 1 ? 1 : undefined))).toBe(1)
    })
  })
}

export interface AbandonedTicket {
  jobId: string
  /** Resolves with the id that a living worker gets. */
  deliveredAgain(): Promise<string>
  close(): Promise<void>
}

/** A queue whose only ticket is held by a worker that was killed. The ticket comes back after seconds. */
export async function abandonTicket({ open }: Backend): Promise<AbandonedTicket> {
  const { address, drop } = await open()
  const onError = () => {}
  const queue = await openQueue(address, onError)
  const jobId = newId('job')
  await queue.enqueue({ jobId, attempt: 0 })
  await killWhenHolding(address, jobId)
  let deliver: (jobId: string) => void = () => {}
  const delivered = new Promise<string>((resolve) => {
    deliver = resolve
  })
  const consumer = await consume(address, { concurrency: 1, handle: async (id) => deliver(id), onError })
  return {
    jobId,
    deliveredAgain: () => delivered,
    async close() {
      await consumer.close()
      await queue.close()
      await drop()
    },
  }
}

async function killWhenHolding(address: QueueAddress, jobId: string): Promise<void> {
  const script = fileURLToPath(new URL('abandoning-consumer.ts', import.meta.url))
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(address)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let output = ''
  for await (const chunk of child.stdout ?? []) {
    output += chunk
    if (output.includes(`took ${jobId}`)) break
  }
  if (!output.includes(jobId)) throw new Error(`the worker ended before it took its ticket: ${output}`)
  child.kill('SIGKILL')
  await exited
}
