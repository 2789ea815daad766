/** Wakes workers by NOTIFY when there is no Redis: a trigger sends it in the transaction that queues a job. */
import { z } from 'zod'
import type { JobQueue } from '../training/ports/queue.js'
import type { Database } from './database.js'
import { send, statement } from './statements.js'

/** Its notifications have no payload. */
export const queueChannel = 'descent_queue'

/** The application name of a worker's listening connection. */
export const workerConnection = 'descent worker'

const wakeStatement = statement(
  'wakeWorkers',
  z.strictObject({ sent: z.string() }),
  `SELECT pg_notify('${queueChannel}', '')::text AS sent`,
)

/** Counts workers by their connections, which end with the process in every case. */
const workersStatement = statement(
  'listeningWorkers',
  z.strictObject({ workers: z.int() }),
  `SELECT count(*)::int AS workers FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = '${workerConnection}'`,
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
