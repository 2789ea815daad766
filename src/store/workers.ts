/** Worker processes: each writes its row every few seconds, and who has been silent for long is not among them. */
import type { Worker, WorkersSummary } from '../contract/worker.js'
import type { WorkerStore } from '../training/ports/workers.js'
import { type Database, Prisma, type Statement, send } from './database.js'
import { behind, newestFirst, placeInList, toPage } from './pages.js'

/** Of silence: several reports were lost by then. */
const silence = `interval '10 seconds'`

const reportStatement: Statement = {
  name: 'reportWorker',
  text: `
    INSERT INTO "Worker" (id, threads, "busyThreads", backend) VALUES ($1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE
      SET threads = excluded.threads, "busyThreads" = excluded."busyThreads", backend = excluded.backend, "seenAt" = now()`,
}

const summaryStatement: Statement = {
  name: 'summarizeWorkers',
  text: `
    SELECT count(*)::int AS seen, coalesce(sum(threads), 0)::int AS threads, coalesce(sum("busyThreads"), 0)::int AS "busyThreads"
    FROM "Worker" WHERE "seenAt" > now() - ${silence}`,
}

const isSeen = Prisma.raw(`"seenAt" > now() - ${silence}`)

export function workerStore(database: Database): WorkerStore {
  const { pool } = database
  return {
    async report({ id, threads, busyThreads, backend }) {
      await send(pool, reportStatement, [id, threads, busyThreads, backend])
    },

    async remove(id) {
      await database.worker.deleteMany({ where: { id } })
    },

    summary: () => summarizeWorkers(database),

    async list({ limit, after }) {
      const position = await behind(after, (id) =>
        database.worker.findUnique({ where: { id }, select: placeInList }),
      )
      const seen = await database.$queryRaw<{ id: string }[]>`SELECT id FROM "Worker" WHERE ${isSeen}`
      const rows = await database.worker.findMany({
        where: { AND: [position, { id: { in: seen.map(({ id }) => id) } }] },
        orderBy: [...newestFirst],
        take: limit + 1,
      })
      const running = await database.job.groupBy({
        by: 'workerId',
        where: { status: 'running', workerId: { in: rows.map(({ id }) => id) } },
        _count: true,
      })
      const jobs = new Map(running.map(({ workerId, _count }) => [workerId, _count]))
      return toPage(rows, { limit }, (row) => workerOf(row, jobs.get(row.id) ?? 0))
    },

    async sweep() {
      await database.$executeRaw`DELETE FROM "Worker" WHERE NOT (${isSeen})`
    },
  }
}

export async function summarizeWorkers({ pool }: Pick<Database, 'pool'>): Promise<WorkersSummary> {
  const [summary] = await send<WorkersSummary>(pool, summaryStatement, [])
  return summary
}

function workerOf(row: Prisma.WorkerGetPayload<object>, runningJobs: number): Worker {
  const { id, threads, busyThreads, backend, createdAt, seenAt } = row
  return {
    id,
    object: 'worker',
    startedAt: createdAt.toISOString(),
    seenAt: seenAt.toISOString(),
    threads,
    busyThreads,
    runningJobs,
    backend,
  }
}
