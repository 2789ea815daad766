import type { Database } from '../store/database.js'
import { notifyQueue } from '../store/wake-ups.js'
import type { JobQueue } from '../training/ports/queue.js'

/** The queue on Redis, or that of the database if there is no address of Redis. */
export async function openJobQueue(
  redisUrl: string | undefined,
  database: Database,
  onError: (error: Error) => void,
): Promise<JobQueue> {
  if (redisUrl === undefined) return notifyQueue(database)
  // BullMQ is loaded only for Redis.
  const { openQueue } = await import('../queue/queue.js')
  return openQueue(redisUrl, onError)
}
