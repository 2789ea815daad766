/** Without Redis, workers are woken by NOTIFY: a trigger sends it with the transaction in which a job is queued. */
import { z } from 'zod'
import type { JobQueue } from '../training/ports/queue.js'
import type { Database } from './database.js'
import { send, statement } from './statements.js'

/** Has no payload. */
export const queueChannel = 'descent_queue'

/** The name of a worker's connection that listens. */
export const workerName = 'descent worker'

const wakeStatement = statement(
  'wakeWorkers',
  z.strictObject({ sent: z.string() }),
  `SELECT pg_notify('${queueChannel}', '')::text AS sent`,
)

/** A connection ends with its process, however that ends. */
const workersStatement = statement(
  'listeningWorkers',
  z.strictObject({ workers: z.int() }),
  `SELECT count(*)::int AS workers FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = '${workerName}'`,
)

export function notifyQueue({ pool }: Pick<Database, 'pool'>): JobQueue {
  return {
    async wake() {
      await send(pool, wakeStatement, [])
    },
    // The commit has sent it.
    async afterCommit() {},
    async workers() {
      const [{ workers }] = await send(pool, workersStatement, [])
      return workers
    },
    async close() {},
  }
}
