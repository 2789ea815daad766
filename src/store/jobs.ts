/** Jobs as clients see and steer them. What a worker writes while it runs one is in runs.ts. */
import { finishedStatuses, type Job, type JobStatus, previousStatuses } from '../contract/job.js'
import type { ReleaseReason } from '../contract/job-event.js'
import type { Limits } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import type { AllJobs, JobProgress, JobStore } from '../training/ports/jobs.js'
import { sweepCheckpoints } from './checkpoints.js'
import { Coalesced, coalescedRows } from './coalesced.js'
import { type CreatedRow, createJobs, type JobOfTenant, type Outcome } from './create-jobs.js'
import { type Database, notifyChanged, Prisma, type Statement, send } from './database.js'
import { bytesOf, insertDataset } from './datasets.js'
import { createOnce } from './idempotency.js'
import { endColumns, withEnds } from './job-ends.js'
import { eventColumns, listEvents, withEvents } from './job-events.js'
import { readJobs } from './job-rows.js'
import { deleteEnded, deleteOverdue } from './old-jobs.js'
import { behind, newestFirst, placeInList, toPage } from './pages.js'
import { resume } from './resume.js'
import { bytesToLeave, checkUse, readUse, unlimited } from './tenant-limits.js'

/** A third death of the worker without a new epoch in between ends the job. */
export const maximumCrashes = 3

/** Jobs stored by one statement. */
const maximumCreated = 500

const anyQueuedStatement: Statement = {
  name: 'anyQueued',
  text: 'SELECT 1 FROM "QueueCount" WHERE jobs > 0 LIMIT 1',
}

export function jobStore(database: Database, settings = unlimited): AllJobs {
  const { pool } = database
  const creations = new Coalesced<JobOfTenant, Outcome>(
    (items) => createJobs((statement, values) => send<CreatedRow>(pool, statement, values), items),
    maximumCreated,
  )
  const reads = coalescedRows((ids) => readJobs(database, ids))
  return {
    of: (tenantId) => tenantJobs({ database, creations, reads }, tenantId, settings),

    async get(id) {
      return (await reads.ask(id))?.job ?? null
    },

    progress: (ids) => findProgress(database, { id: { in: ids } }),

    anyQueued: async () => (await send(pool, anyQueuedStatement, [])).length > 0,

    async sweep() {
      await database.$executeRaw`
        DELETE FROM "QueueCount" USING (
          SELECT "tenantId", priority, bucket FROM "QueueCount" WHERE jobs = 0 FOR UPDATE SKIP LOCKED
        ) AS empty
        WHERE "QueueCount"."tenantId" = empty."tenantId" AND "QueueCount".priority = empty.priority
          AND "QueueCount".bucket = empty.bucket`
      await sweepCheckpoints(database)
      await deleteOverdue(database, settings.jobDays)
    },

    async releaseAbandoned(milliseconds) {
      await releaseCrashed(
        database,
        Prisma.sql`"heartbeatAt" < now() - ${milliseconds}::int * interval '1 millisecond'`,
      )
    },

    async releaseWorker(workerId) {
      await releaseCrashed(database, Prisma.sql`"workerId" = ${workerId}`)
    },
  }
}

/** What a job counts against. */
const ofJobs = ['queuedJobs', 'storedBytes'] as const

interface Statements {
  database: Database
  creations: Coalesced<JobOfTenant, Outcome>
  reads: Coalesced<string, { tenantId: string; job: Job } | undefined>
}

function tenantJobs(
  { database, creations, reads }: Statements,
  tenantId: string,
  settings: Limits,
): JobStore {
  /** Enters a state if that is legal now. */
  async function enter(
    id: string,
    to: JobStatus,
    change: Prisma.Sql,
    events = Prisma.empty,
  ): Promise<boolean> {
    const changed = await database.$queryRaw<unknown[]>`
      WITH changed AS (
        UPDATE "Job" SET status = ${to}::"JobStatus", ${change}
        WHERE id = ${id} AND "tenantId" = ${tenantId} AND status = ANY(${previousStatuses(to)}::"JobStatus"[])
        RETURNING id, status, epoch, NULL::text AS "modelId", ${eventColumns}, ${Prisma.raw(endColumns)}
      ) ${Prisma.raw(withEnds)} ${events} ${notifyChanged}`
    return changed.length > 0
  }

  return {
    async create(job, once) {
      const item = { tenantId, job, settings }
      if (once === undefined && job.inlineDataset === null) return created(await creations.ask(item))
      return createOnce(database, tenantId, once, async (client) => {
        if (job.inlineDataset !== null) await insertDataset(client, tenantId, job.inlineDataset)
        const [outcome] = await createJobs(within(client), [item])
        return created(outcome)
      })
    },

    async createAll(jobs, once, answer) {
      const items = jobs.map((job) => ({ tenantId, job, settings }))
      return createOnce(database, tenantId, once, async (client) =>
        answer(await createJobs(within(client), items)),
      )
    },

    async checkLimits({ parameters, spec, inlineDataset }) {
      const { use, own } = await readUse(database, tenantId)
      const rows = inlineDataset === null ? 0 : await bytesOf(inlineDataset)
      const withJob = {
        ...use,
        queuedJobs: use.queuedJobs + 1,
        storedBytes: use.storedBytes + rows + bytesToLeave(parameters, spec),
      }
      checkUse(withJob, { settings, own }, ofJobs)
    },

    async get(id) {
      const found = await reads.ask(id)
      return found?.tenantId === tenantId ? found.job : null
    },

    async getMany(ids) {
      const jobs = await readJobs(database, ids)
      return ids.flatMap((id) => {
        const found = jobs.get(id)
        return found?.tenantId === tenantId ? found.job : []
      })
    },

    async list({ limit, after, status, name }) {
      const position = await behind(after, (id) =>
        database.job.findUnique({ where: { id, tenantId }, select: placeInList }),
      )
      // A percent sign and an underscore would stand for any text.
      const wanted = { contains: name?.replace(/[\\%_]/g, '\\$&'), mode: 'insensitive' } as const
      const rows = await database.job.findMany({
        where: {
          AND: [position, name === undefined ? {} : { OR: [{ name: wanted }, { id: wanted }] }],
          tenantId,
          ...(status === undefined ? {} : { status }),
        },
        orderBy: [...newestFirst],
        take: limit + 1,
        select: placeInList,
      })
      const page = toPage(rows, { limit }, (row) => row.id)
      const jobs = await readJobs(database, page.data)
      return { ...page, data: page.data.flatMap((id) => jobs.get(id)?.job ?? []) }
    },

    progress: (ids) => findProgress(database, { id: { in: ids }, tenantId }),

    async cancel(id) {
      return enter(id, 'cancelled', Prisma.sql`"finishedAt" = now()`)
    },

    async pause(id) {
      return enter(id, 'paused', Prisma.sql`"heartbeatAt" = NULL`, withEvents({ type: 'paused' }))
    },

    async resume(id, change) {
      return database.inTransaction(tenantId, (transaction) => resume(transaction, { id, tenantId }, change))
    },

    events: (id, page) => listEvents(database, { id, tenantId }, page),

    async delete(id) {
      const { count } = await database.job.deleteMany({
        where: { id, tenantId, status: { in: finishedStatuses } },
      })
      return count > 0
    },

    deleteEnded: (statuses, before, most) => deleteEnded(database, { tenantId, statuses, before }, most),
  }
}

/** Sends a statement in a transaction of Prisma's. */
const within =
  (client: Prisma.TransactionClient) =>
  ({ text }: Statement, values: unknown[]) =>
    client.$queryRawUnsafe<CreatedRow[]>(text, ...values)

function created(outcome: Outcome): Job {
  if (outcome instanceof Problem) throw outcome
  return outcome
}

async function findProgress(database: Database, where: Prisma.JobWhereInput): Promise<JobProgress[]> {
  const rows = await database.job.findMany({ where, select: { id: true, status: true, epoch: true } })
  return rows.map(({ id, status, epoch }) => ({ jobId: id, status, epoch }))
}

/** Of jobs claimed together, nobody knows which one the worker died of: each is claimed alone next, and counts then. */
const blamed = Prisma.sql`(crashes + CASE WHEN "claimSize" > 1 THEN 0 ELSE 1 END)`

interface Release {
  /** What `crashes` becomes. */
  strikes?: Prisma.Sql
  reason?: ReleaseReason
  /** The claim is held for so long. */
  retryMilliseconds?: number
}

/**
 * Running jobs whose worker is gone go back to queued, or end when that has happened too often. Says whether the claim of
 * one is held.
 */
export async function releaseCrashed(
  database: Database,
  which: Prisma.Sql,
  { strikes = blamed, reason = 'worker-died', retryMilliseconds = 0 }: Release = {},
): Promise<boolean> {
  const isHeld = retryMilliseconds > 0
  const next: JobStatus = isHeld ? 'running' : 'queued'
  const heartbeat = isHeld ? Prisma.sql`now()` : Prisma.sql`NULL`
  // It holds no thread while it waits.
  const threads = isHeld ? Prisma.sql`charged = 0, "heldThreads" = NULL,` : Prisma.empty
  const event = { type: 'released', reason, ...(isHeld && { retryMilliseconds }) } as const
  const released = await database.$queryRaw<{ status: JobStatus }[]>`
    WITH locked AS MATERIALIZED (
      SELECT id FROM "Job" WHERE status = 'running' AND ${which} ORDER BY id FOR NO KEY UPDATE
    ), changed AS (
      UPDATE "Job" SET
        status = (CASE WHEN ${strikes} >= ${maximumCrashes}::int THEN 'failed' ELSE ${next} END)::"JobStatus",
        "finishedAt" = CASE WHEN ${strikes} >= ${maximumCrashes}::int THEN now() END,
        "errorCode" = CASE WHEN ${strikes} >= ${maximumCrashes}::int THEN 'worker-crashed' END,
        "errorMessage" = CASE WHEN ${strikes} >= ${maximumCrashes}::int
          THEN 'The worker died ' || ${strikes} || ' times while training this job, without a new epoch in between.' END,
        "errorEpoch" = CASE WHEN ${strikes} >= ${maximumCrashes}::int THEN epoch END,
        crashes = ${strikes}, "heartbeatAt" = ${heartbeat}, ${threads}
        "claimAlone" = "claimAlone" OR coalesce("claimSize" > 1, false), "claimSize" = NULL
      FROM locked WHERE "Job".id = locked.id
      RETURNING "Job".id, status, epoch, NULL::text AS "modelId", ${eventColumns}, ${Prisma.raw(endColumns)}
    ) ${Prisma.raw(withEnds)} ${withEvents(event)} ${notifyChanged}`
  return isHeld && released.some(({ status }) => status === 'running')
}
