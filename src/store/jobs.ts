/** Jobs, as clients see and control them. Writes of a worker are in runs.ts. */
import { z } from 'zod'
import type { Job } from '../contract/job.js'
import { unfinishedStatuses } from '../contract/job-status.js'
import type { Limits } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import type { AllJobs, JobProgress, JobStore } from '../training/ports/jobs.js'
import { inSlices } from '../training/slices.js'
import { audit } from './audit.js'
import { Coalesced, coalescedRows } from './coalesced.js'
import { releaseAbandoned, releaseWorker } from './crashes.js'
import { compressSpecs, createJobs, type JobOfTenant, jobOfTenant, type Outcome } from './create-jobs.js'
import type { Database, Prisma } from './database.js'
import { countBytes, insertDataset } from './datasets.js'
import { deleteEnded, deleteOverdue } from './delete-jobs.js'
import { createOnce } from './idempotency.js'
import { listEvents } from './job-events.js'
import { readJob, readJobs } from './job-rows.js'
import { changedLabels, hasLabels, listLabelled, namedLike } from './labels.js'
import { afterPosition, cursorColumns, findPosition, newestFirst, toPage } from './pages.js'
import {
  changedRepeat,
  changeTrials,
  deleteJob,
  insertTrials,
  nameRepeated,
  trialsToChange,
} from './repeats.js'
import { changeRun, resume } from './resume.js'
import { copyRun, findRuns } from './reuse.js'
import { type Connection, idRow, noRow, query, send, statement } from './statements.js'
import { checkUse, enforceGrowth, futureBytes, readUse, unlimited } from './tenant-limits.js'
import { recordTest } from './test-counts.js'
import { traceColumns } from './trace-columns.js'
import { changedRow, statusIn, transition } from './transitions.js'

/** The maximum number of jobs per statement. */
const maximumCreated = 500

const anyQueuedStatement = statement(
  'anyQueued',
  z.strictObject({ found: z.int() }),
  'SELECT 1 AS found FROM "QueueCount" WHERE jobs > 0 LIMIT 1',
)

const cleanUpStatement = statement(
  'cleanUpQueueCounts',
  noRow,
  `DELETE FROM "QueueCount" USING (
      SELECT "tenantId", priority, bucket FROM "QueueCount" WHERE jobs = 0 FOR UPDATE SKIP LOCKED
    ) AS empty
    WHERE "QueueCount"."tenantId" = empty."tenantId" AND "QueueCount".priority = empty.priority
      AND "QueueCount".bucket = empty.bucket`,
)

export function jobStore(database: Database, settings = unlimited): AllJobs {
  const { pool } = database
  const creations = new Coalesced<JobOfTenant, Outcome>(
    (items) => createJobs((statement, values) => send(pool, statement, values), items),
    maximumCreated,
  )
  const reads = coalescedRows((ids) => readJobs(database, ids))
  return {
    of: (tenantId) => tenantJobs({ database, creations, reads }, tenantId, settings),

    async get(id) {
      return (await reads.request(id))?.job ?? null
    },

    progress: (ids) => findProgress(database, { id: { in: ids } }),

    anyQueued: async () => (await send(pool, anyQueuedStatement, [])).length > 0,

    async cleanUp() {
      await query(database, cleanUpStatement, [])
      await deleteOverdue(database, settings.jobDays)
    },

    async releaseAbandoned(milliseconds) {
      await releaseAbandoned(database, milliseconds)
    },

    async releaseWorker(workerId) {
      await releaseWorker(database, workerId)
    },
  }
}

/** Not only those of another job. */
const hasOwnEpochs = ({ job: { fields } }: Database) => ({
  OR: [{ forkEpoch: null }, { forkEpoch: { not: { equals: fields.epochs } } }],
})

/** $1 job, $2 tenant. */
const cancelStatement = statement(
  'cancelJob',
  changedRow,
  transition('cancel', { where: 'id = $1 AND "tenantId" = $2', set: '"finishedAt" = now()' }),
)

const pauseStatement = statement(
  'pauseJob',
  changedRow,
  transition('pause', {
    where: 'id = $1 AND "tenantId" = $2',
    set: '"heartbeatAt" = NULL',
    event: { type: 'paused' },
  }),
)

/** $1 tenant, $2 identity. A job that succeeded counts while it has its model. */
const findRepeatedStatement = statement(
  'findRepeated',
  idRow,
  `SELECT job.id FROM "Job" AS job LEFT JOIN "Model" AS model ON model."jobId" = job.id
    WHERE job."tenantId" = $1 AND job.identity = $2::bytea
      AND (${statusIn(unfinishedStatuses, 'job.status')} OR model.id IS NOT NULL)
    ORDER BY model.id IS NULL, job."createdAt" DESC LIMIT 1`,
)

/** The limits that a new job counts against. */
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
  /** Changes a job, and first the trials that repeat it. */
  async function withTrials(
    name: 'cancel' | 'pause',
    id: string,
    change: (client: Prisma.TransactionClient) => Promise<object[]>,
  ): Promise<boolean> {
    const sweepId = await trialsToChange(database, name, { id, tenantId })
    if (sweepId === null) return (await change(database)).length > 0
    return database.inTransaction(tenantId, async (client) => {
      const isChanged = await changeTrials(client, name, { sweepId, tenantId })
      // The trials include the job.
      return (await change(client)).length > 0 || isChanged
    })
  }

  return {
    async create(job, once) {
      const item = jobOfTenant(tenantId, job, settings)
      const isPlain = job.inlineDataset === null && job.copyOf === null && job.trials === null
      if (once === undefined && isPlain) return created(await creations.request(item))
      return database.onConnection(tenantId, (client) =>
        createOnce(client, once, async () => {
          if (job.inlineDataset !== null) await insertDataset(client, tenantId, job.inlineDataset)
          if (job.trials !== null) await insertTrials(client, tenantId, job.trials, job)
          const [outcome] = await createInTransaction(client, tenantId, [item])
          const stored = created(outcome)
          if (job.trials !== null) await nameRepeated(client, job.trials, job)
          return stored
        }),
      )
    },

    async createAll(jobs, once, answer) {
      const items = await inSlices(compressSpecs(tenantId, jobs, settings), 'request')
      return database.onConnection(tenantId, (client) =>
        createOnce(client, once, async () => answer(await createInTransaction(client, tenantId, items))),
      )
    },

    findRuns: (identities) => findRuns(database, tenantId, identities),

    async findRepeated(identity) {
      const [row] = await send(database.pool, findRepeatedStatement, [tenantId, identity])
      return row === undefined ? null : ((await reads.request(row.id))?.job ?? null)
    },

    async checkLimits({ parameters, spec, inlineDataset }) {
      const { use, own } = await readUse(database, tenantId)
      const rows = inlineDataset === null ? 0 : await countBytes(inlineDataset)
      const withJob = {
        ...use,
        queuedJobs: use.queuedJobs + 1,
        storedBytes: use.storedBytes + rows + futureBytes(parameters, spec),
      }
      checkUse(withJob, { settings, own }, ofJobs)
    },

    async get(id) {
      const found = await reads.request(id)
      return found?.tenantId === tenantId ? found.job : null
    },

    traces: (ids) =>
      database.job.findMany({ where: { id: { in: [...ids] }, tenantId }, select: traceColumns }),

    async getMany(ids) {
      const jobs = await readJobs(database, ids)
      return ids.flatMap((id) => {
        const found = jobs.get(id)
        return found?.tenantId === tenantId ? found.job : []
      })
    },

    async list({ limit, after, status, name, labels, omitsRepeated = false }) {
      const position = await findPosition(after, (id) =>
        database.job.findUnique({ where: { id, tenantId }, select: cursorColumns }),
      )
      const rows =
        labels !== undefined && hasLabels(labels)
          ? await listLabelled(database, 'job', {
              tenantId,
              after: position,
              labels,
              name,
              status,
              omitsRepeated,
              limit: limit + 1,
            })
          : await database.job.findMany({
              where: {
                AND: [
                  position === null ? {} : afterPosition(position),
                  namedLike(name),
                  omitsRepeated ? hasOwnEpochs(database) : {},
                ],
                tenantId,
                ...(status === undefined ? {} : { status }),
              },
              orderBy: [...newestFirst],
              take: limit + 1,
              select: cursorColumns,
            })
      const page = toPage(rows, { limit }, (row) => row.id)
      const jobs = await readJobs(database, page.data)
      return { ...page, data: page.data.flatMap((id) => jobs.get(id)?.job ?? []) }
    },

    progress: (ids) => findProgress(database, { id: { in: ids }, tenantId }),

    async change(id, change) {
      const isThere = await database.inTransaction(tenantId, (client) =>
        enforceGrowth(client, tenantId, settings, async () => {
          const data = await changedLabels(client, 'job', { id, tenantId }, change)
          if (data !== null) await client.job.update({ where: { id }, data, select: { id: true } })
          return data !== null
        }),
      )
      return isThere ? ((await reads.request(id))?.job ?? null) : null
    },

    async cancel(id) {
      return withTrials('cancel', id, (client) => query(client, cancelStatement, [id, tenantId]))
    },

    async pause(id) {
      return withTrials('pause', id, (client) => query(client, pauseStatement, [id, tenantId]))
    },

    async resume(id, change) {
      const trials = await trialsToChange(database, 'resume', { id, tenantId })
      if (trials !== null && change != null && Object.keys(change).length > 0) throw changedRepeat(change)
      return database.inTransaction(tenantId, async (transaction) => {
        if (trials !== null) await changeTrials(transaction, 'resume', { sweepId: trials, tenantId })
        return (await resume(transaction, { id, tenantId }, change)) || trials !== null
      })
    },

    async changeRun(id, change) {
      if ((await trialsToChange(database, 'cancel', { id, tenantId })) !== null) {
        const { afterEpoch: _, ...settings } = change
        throw changedRepeat(settings)
      }
      return database.inTransaction(tenantId, (client) => changeRun(client, { id, tenantId }, change))
    },

    recordTest: (id, key) => recordTest(database, { id, tenantId }, key),

    events: (id, page) => listEvents(database, { id, tenantId }, page),

    delete: (id, actor = null) =>
      database.inTransaction(tenantId, async (client) => {
        const count = await deleteJob(client, { id, tenantId })
        if (count === 0) return false
        await audit(client, actor, { action: 'job.deleted', tenantId, target: id, details: { count } })
        return true
      }),

    deleteEnded: (statuses, before, most, actor = null) =>
      deleteEnded(database, { tenantId, statuses, before, actor }, most),
  }
}

/** Stores the jobs. Those with a stored run to copy have succeeded. */
async function createInTransaction(
  client: Connection,
  tenantId: string,
  items: readonly JobOfTenant[],
): Promise<Outcome[]> {
  const outcomes = await createJobs((statement, values) => send(client, statement, values), items)
  const answers: Outcome[] = []
  for (const [index, outcome] of outcomes.entries()) {
    const { copyOf } = items[index].job
    const isCopied =
      copyOf !== null &&
      !(outcome instanceof Problem) &&
      (await copyRun(client, copyOf, { id: outcome.id, tenantId }))
    answers.push(isCopied ? await readJob(client, outcome.id) : outcome)
  }
  return answers
}

function created(outcome: Outcome): Job {
  if (outcome instanceof Problem) throw outcome
  return outcome
}

async function findProgress(database: Database, where: Prisma.JobWhereInput): Promise<JobProgress[]> {
  const rows = await database.job.findMany({ where, select: { id: true, status: true, epoch: true } })
  return rows.map(({ id, status, epoch }) => ({ jobId: id, status, epoch }))
}
