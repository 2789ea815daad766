/** Without Redis, workers are woken by NOTIFY: a trigger sends it with the transaction in which a job is queued. */
import type { JobQueue } from '../training/ports/queue.js'
import { type Database, send } from './database.js'

/** Has no payload. */
export const queueChannel = 'descent_queue'

/** The name of a worker's connection that listens. */
export const workerName = 'descent worker'

const wakeStatement = { name: 'wake', text: `SELECT pg_notify('${queueChannel}', '')` }

/** A connection ends with its process, however that ends. */
const workersStatement = {
  name: 'workers',
  text: `SELECT count(*)::int AS workers FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = '${workerName}'`,
}

export function notifyQueue({ pool }: Pick<Database, 'pool'>): JobQueue {
  return {
    async wake() {
      await send(pool, wakeStatement, [])
    },
    // The commit has sent it.
    async afterCommit() {},
    async workers() {
      const [{ workers }] = await send<{ workers: number }>(pool, workersStatement, [])
      return workers
    },
    async close() {},
  }
}
