/**
 * Wakes workers on other machines through BullMQ on Redis. A message only makes a worker claim jobs from the
 * database, so a lost or duplicated message does no harm.
 */
import { Queue, Worker } from 'bullmq'
import type { JobQueue } from '../training/ports/queue.js'
import { openRedis, refuseEviction } from './redis.js'

export interface Consumer {
  /** Receives no more messages, and waits for the current ones. */
  close(): Promise<void>
}

const queueName = 'trainings'
/** Braces keep all keys of the queue in one slot of a Redis cluster. */
const redisPrefix = '{descent}'
const message = 'wake'

/** A worker that does not renew its lock for this long loses its message to another worker. */
const lockMilliseconds = 8_000

/** @throws Error if the server may evict keys */
export async function openQueue(url: string, onError: (error: Error) => void): Promise<JobQueue> {
  const redis = openRedis(url, false)
  redis.on('error', onError)
  await refuseEviction(redis).catch((error: unknown) => {
    redis.disconnect()
    throw error
  })
  const queue = new Queue(queueName, { connection: redis, prefix: redisPrefix })
  queue.on('error', onError)
  /** The message to send after the current one. */
  let next: Promise<void> | undefined
  let current: Promise<void> = Promise.resolve()

  async function send(): Promise<void> {
    await current.catch(() => {})
    next = undefined
    // One waiting message is enough.
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
 * Calls `work` for each message, `concurrency` at a time. Rejections are reported; the reconciler sends
 * another message while jobs are queued.
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
      // The worker may train for hours; meanwhile other workers must be woken, too.
      await job.removeDeduplicationKey()
      await options.work()
    },
    {
      connection: redis,
      prefix: redisPrefix,
      concurrency: options.concurrency,
      lockDuration: lockMilliseconds,
      stalledInterval: lockMilliseconds / 2,
      // The database counts the crashes of a job, so the queue must not give up.
      maxStalledCount: 2 ** 31 - 1,
    },
  )
  worker.on('error', options.onError)
  worker.on('failed', (_job, error) => options.onError(error))
  const close = async () => {
    await worker.close()
    redis.disconnect()
  }
  try {
    await worker.waitUntilReady()
  } catch (error) {
    await close()
    throw error
  }
  return { close }
}
