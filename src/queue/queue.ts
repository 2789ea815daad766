/**
 * The queue: tickets to run jobs, in BullMQ, on Redis when there is one and on PostgreSQL otherwise.
 * The database alone knows what is to be done; a ticket only makes some worker look, so one lost or doubled harms nothing.
 */
import { createPostgresBackend, type Job, Queue, Worker } from 'bullmq'
import type { JobQueue } from '../training/ports.js'
import { openQueuePool } from './postgres.js'
import { openRedis, refuseEviction } from './redis.js'

export type QueueAddress = { type: 'redis'; url: string } | { type: 'postgres'; connectionString: string }

export interface Consumer {
  /** Takes no more tickets and waits for those being handled. */
  close(): Promise<void>
}

interface Payload {
  jobId: string
}

const queueName = 'trainings'
/** Braces keep all keys of the queue in one slot of a Redis cluster. */
const redisPrefix = '{descent}'

/** A worker that is silent this long has lost its ticket, and another worker gets it. */
const lockMilliseconds = 8_000

export function queueAddress(
  config: { REDIS_URL?: string | undefined },
  connectionString: string,
): QueueAddress {
  return config.REDIS_URL === undefined
    ? { type: 'postgres', connectionString }
    : { type: 'redis', url: config.REDIS_URL }
}

export async function openQueue(address: QueueAddress, onError: (error: Error) => void): Promise<JobQueue> {
  const { queue, disconnect } = await connect()
  queue.on('error', onError)

  async function connect() {
    switch (address.type) {
      case 'redis': {
        const redis = openRedis(address.url, false)
        redis.on('error', onError)
        await refuseEviction(redis).catch((error: unknown) => {
          redis.disconnect()
          throw error
        })
        const queue = new Queue(queueName, { connection: redis, prefix: redisPrefix })
        return { queue, disconnect: () => redis.disconnect() }
      }
      case 'postgres': {
        const pool = await openQueuePool(address.connectionString)
        const queue = new Queue(queueName, { connection: pool }, createPostgresBackend)
        return { queue, disconnect: () => pool.end() }
      }
      default:
        throw new Error(`unknown queue ${address satisfies never}`)
    }
  }

  return {
    async enqueue(ticket) {
      const payload: Payload = { jobId: ticket.jobId }
      await queue.add('train', payload, {
        deduplication: { id: `${ticket.jobId}-${ticket.attempt}` },
        removeOnComplete: true,
        removeOnFail: true,
      })
    },
    async workers() {
      return queue.getWorkersCount()
    },
    async close() {
      await queue.close()
      await disconnect()
    },
  }
}

/**
 * Calls `handle` for each ticket, `concurrency` at a time. Any ticket is leave to take the job whose turn it is; there
 * are as many as queued jobs. A rejection is reported; the reconciler makes a new ticket.
 */
export async function consume(
  address: QueueAddress,
  options: {
    concurrency: number
    handle: (jobId: string) => Promise<void>
    onError: (error: Error) => void
  },
): Promise<Consumer> {
  const settings = {
    concurrency: options.concurrency,
    lockDuration: lockMilliseconds,
    stalledInterval: lockMilliseconds / 2,
    // The database counts the crashes of a job; the queue must not give up on its own.
    maxStalledCount: 2 ** 31 - 1,
  }
  const handle = async (job: Pick<Job<Payload>, 'data' | 'removeDeduplicationKey'>) => {
    // Another job may be trained on this ticket for hours; meanwhile the one it names must be able to get a new one.
    await job.removeDeduplicationKey()
    await options.handle(job.data.jobId)
  }
  const { worker, disconnect } = await connect()
  worker.on('error', options.onError)
  worker.on('failed', (_job, error) => options.onError(error))
  await worker.waitUntilReady()

  async function connect() {
    switch (address.type) {
      case 'redis': {
        const redis = openRedis(address.url, true)
        redis.on('error', options.onError)
        const worker = new Worker(queueName, handle, { ...settings, connection: redis, prefix: redisPrefix })
        return { worker, disconnect: () => redis.disconnect() }
      }
      case 'postgres': {
        const pool = await openQueuePool(address.connectionString)
        const worker = new Worker(queueName, handle, { ...settings, connection: pool }, createPostgresBackend)
        return { worker, disconnect: () => pool.end() }
      }
      default:
        throw new Error(`unknown queue ${address satisfies never}`)
    }
  }

  return {
    async close() {
      await worker.close()
      await disconnect()
    },
  }
}
