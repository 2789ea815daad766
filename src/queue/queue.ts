/**
 * Between machines, workers are woken through BullMQ on Redis. The database alone knows what is to be done; a message only
 * makes some worker look, so one lost or doubled harms nothing.
 */
import { Queue, Worker } from 'bullmq'
import type { JobQueue } from '../training/ports/queue.js'
import { openRedis, refuseEviction } from './redis.js'

export interface Consumer {
  /** Takes no more messages and waits for those being handled. */
  close(): Promise<void>
}

const queueName = 'trainings'
/** Braces keep all keys of the queue in one slot of a Redis cluster. */
const redisPrefix = '{descent}'
const message = 'wake'

/** A worker that is silent this long has lost its message, and another worker gets it. */
const lockMilliseconds = 8_000

/** @throws Error when the server may evict keys */
export async function openQueue(url: string, onError: (error: Error) => void): Promise<JobQueue> {
  const redis = openRedis(url, false)
  redis.on('error', onError)
  await refuseEviction(redis).catch((error: unknown) => {
    redis.disconnect()
    throw error
  })
  const queue = new Queue(queueName, { connection: redis, prefix: redisPrefix })
  queue.on('error', onError)
  /** The message to be sent after the one under way. */
  let next: Promise<void> | undefined
  let current: Promise<void> = Promise.resolve()

  async function send(): Promise<void> {
    await current.catch(() => {})
    next = undefined
    // One that waits already is enough.
    const options = { deduplication: { id: message }, removeOnComplete: true, removeOnFail: true }
    await queue.add(message, {}, options)
  }

  function wake(): Promise<void> {
    next ??= send()
    current = next
    return next
  }

  return {
    wake,
    afterCommit: wake,
    workers: () => queue.getWorkersCount(),
    async close() {
      await queue.close()
      redis.disconnect()
    },
  }
}

/**
 * Calls `work` for each message, `concurrency` at a time. A rejection is reported; the reconciler wakes again while anything
 * is queued.
 */
export async function consume(
  url: string,
  options: { concurrency: number; work: () => Promise<void>; onError: (error: Error) => void },
): Promise<Consumer> {
  const redis = openRedis(url, true)
  redis.on('error', options.onError)
  const worker = new Worker(
    queueName,
    async (job) => {
      // Whoever is woken works for hours; meanwhile others must be woken, too.
      await job.removeDeduplicationKey()
      await options.work()
    },
    {
      connection: redis,
      prefix: redisPrefix,
      concurrency: options.concurrency,
      lockDuration: lockMilliseconds,
      stalledInterval: lockMilliseconds / 2,
      // The database counts the crashes of a job; the queue must not give up on its own.
      maxStalledCount: 2 ** 31 - 1,
    },
  )
  worker.on('error', options.onError)
  worker.on('failed', (_job, error) => options.onError(error))
  await worker.waitUntilReady()
  return {
    async close() {
      await worker.close()
      redis.disconnect()
    },
  }
}
