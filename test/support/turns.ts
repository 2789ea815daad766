/** The policy of turn-policy.ts on what the database holds. */
import type { Database, Prisma } from '../../src/store/database.js'
import { parseSpec } from '../../src/store/job-rows.js'
import type { Capacity } from '../../src/training/ports/runs.js'
import { type QueuedJob, type Turn, turnOrder } from './turn-policy.js'

interface Queue {
  jobs: QueuedJob[]
  /** By tenant, also those without queued jobs. */
  tenants: Map<string, { threadTime: number; busy: number }>
  clock: number
}

/** What runs is counted from the rows; what threads were held for is read as it is kept. */
export async function readQueue(database: Database): Promise<Queue> {
  const jobs = await database.job.findMany({ where: { status: 'queued' } })
  const [clock] = await database.queueClock.findMany()
  const uses = await database.$queryRaw<{ tenantId: string; threadTime: number; busy: number }[]>`
    SELECT "tenantId", max("threadTime") AS "threadTime", max(busy)::int AS busy FROM (
      SELECT "tenantId", sum("threadTime") AS "threadTime", 0 AS busy FROM "TenantUse" GROUP BY 1
      UNION ALL SELECT "tenantId", 0, count(*) FROM "Job" WHERE status = 'running' GROUP BY 1
    ) AS each GROUP BY 1`
  const ofUse = (threadTime: number, busy: number) => ({
    threadTime: Math.max(threadTime, clock.threadTime),
    busy,
  })
  const tenants = new Map(uses.map(({ tenantId, threadTime, busy }) => [tenantId, ofUse(threadTime, busy)]))
  for (const { tenantId } of jobs) if (!tenants.has(tenantId)) tenants.set(tenantId, ofUse(0, 0))
  return { jobs: jobs.map(queued), tenants, clock: clock.threadTime }
}

type Row = Prisma.JobGetPayload<object>

function queued(job: Row): QueuedJob {
  const { threads, earlyStopping } = parseSpec(job.spec)
  return {
    id: job.id,
    tenantId: job.tenantId,
    priority: job.priority,
    queueNumber: Number(job.queueNumber),
    threads,
    // 3 µs a step and 1 ns an operation.
    seconds: (job.epochs - job.epoch) * ((job.stepsPerEpoch ?? 1) * 3e-6 + job.flopsPerEpoch * 1e-9),
    isSmall: threads === 1 && earlyStopping?.folds === undefined && !job.claimAlone,
    isForSpare: job.attempt === 0,
  }
}

/** The queued jobs in the order in which they are taken, for workers of any number of threads. */
export async function turnsOf(
  database: Database,
  capacity: Pick<Capacity, 'all' | 'timeScale'> = { all: 1_000, timeScale: 1 },
): Promise<Turn[]> {
  const { jobs, tenants } = await readQueue(database)
  return turnOrder(jobs, tenants, capacity)
}
