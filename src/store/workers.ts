/** Worker processes. Each writes its row every few seconds; rows of silent workers are left out. */
import { type Worker, type WorkersSummary, workersSummarySchema } from '../contract/worker.js'
import type { WorkerStore } from '../training/ports/workers.js'
import type { Database, Prisma } from './database.js'
import { afterCursor, cursorColumns, newestFirst, toPage } from './pages.js'
import { idRow, noRow, query, send, statement } from './statements.js'

/** After this time without a report, a worker counts as dead. */
const maximumSilence = `interval '10 seconds'`

export const isAlive = `"seenAt" > now() - ${maximumSilence}`

/** The threads of all live workers; null without any. */
export const liveThreads = `(SELECT sum(threads)::float8 FROM "Worker" WHERE ${isAlive})`

const reportStatement = statement(
  'reportWorker',
  noRow,
  `
    INSERT INTO "Worker" (id, threads, "busyThreads", backend, host, "processId") VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (id) DO UPDATE
      SET threads = excluded.threads, "busyThreads" = excluded."busyThreads", backend = excluded.backend,
        host = excluded.host, "processId" = excluded."processId", "seenAt" = now()`,
)

const summaryStatement = statement(
  'summarizeWorkers',
  workersSummarySchema,
  `
    SELECT count(*)::int AS seen, coalesce(sum(threads), 0)::int AS threads, coalesce(sum("busyThreads"), 0)::int AS "busyThreads"
    FROM "Worker" WHERE ${isAlive}`,
)

const seenStatement = statement('seenWorkers', idRow, `SELECT id FROM "Worker" WHERE ${isAlive}`)

const cleanUpStatement = statement('cleanUpWorkers', noRow, `DELETE FROM "Worker" WHERE NOT (${isAlive})`)

export function workerStore(database: Database): WorkerStore {
  const { pool } = database
  return {
    async report({ id, threads, busyThreads, backend, host, processId }) {
      await send(pool, reportStatement, [id, threads, busyThreads, backend, host, processId])
    },

    async remove(id) {
      await database.worker.deleteMany({ where: { id } })
    },

    summary: () => summarizeWorkers(database),

    async list({ limit, after }) {
      const position = await afterCursor(after, (id) =>
        database.worker.findUnique({ where: { id }, select: cursorColumns }),
      )
      const seen = await query(database, seenStatement, [])
      const rows = await database.worker.findMany({
        where: { AND: [position, { id: { in: seen.map(({ id }) => id) } }] },
        orderBy: [...newestFirst],
        take: limit + 1,
      })
      const running = await database.job.groupBy({
        by: ['workerId', 'tenantId'],
        where: { status: 'running', workerId: { in: rows.map(({ id }) => id) } },
        _count: true,
      })
      return toPage(rows, { limit }, (row) =>
        toWorker(
          row,
          running.flatMap(({ workerId, _count }) => (workerId === row.id ? _count : [])),
        ),
      )
    },

    async cleanUp() {
      await query(database, cleanUpStatement, [])
    },
  }
}

export async function summarizeWorkers({ pool }: Pick<Database, 'pool'>): Promise<WorkersSummary> {
  const [summary] = await send(pool, summaryStatement, [])
  return summary
}

/** @param runningJobs of each tenant that has any */
function toWorker(row: Prisma.WorkerGetPayload<object>, runningJobs: readonly number[]): Worker {
  const { id, host, processId, threads, busyThreads, backend, createdAt, seenAt } = row
  return {
    id,
    object: 'worker',
    host,
    processId,
    startedAt: createdAt.toISOString(),
    seenAt: seenAt.toISOString(),
    threads,
    busyThreads,
    runningJobs: runningJobs.reduce((sum, jobs) => sum + jobs, 0),
    runningTenants: runningJobs.length,
    backend,
  }
}
