/** The trials that repeat a job: their sweep is created, controlled and deleted with the job. */
import { z } from 'zod'
import { finishedStatuses, jobStatusSchema, type Transition } from '../contract/job-status.js'
import { Problem } from '../contract/problems.js'
import { type SweepStatus, sweepStatusSchema, unfinishedSweepStatuses } from '../contract/sweep.js'
import type { NewJob, NewTrials } from '../training/ports/jobs.js'
import type { Origin } from '../training/ports/origin.js'
import type { JobTrials } from '../training/ports/sweeps.js'
import { trialOf } from '../training/sweeps/trials.js'
import type { Database, Prisma } from './database.js'
import { finiteMetrics } from './epochs.js'
import { type Connection, idRow, noRow, send, statement } from './statements.js'
import { changeSweep } from './sweep-control.js'
import { definitionColumns, unpackDefinition } from './sweep-rows.js'
import { lockLimits } from './tenant-limits.js'
import { guard, statusIn } from './transitions.js'

interface OwnJob {
  id: string
  tenantId: string
}

const insertStatement = statement(
  'insertTrials',
  noRow,
  `INSERT INTO "Sweep" (id, "tenantId", name, trials, created, "requestId", "traceId", "spanId", "isSampled",
      definition, metric, seeds, parallelism, "budgetSeconds")
    VALUES ($1, $2, $3, $4::int, $5::int, $6, $7, $8, $9::bool, $10::bytea, $11, $12::int, $13::int, $14::float8)`,
)

const nameStatement = statement('nameRepeated', noRow, 'UPDATE "Sweep" SET "jobId" = $2 WHERE id = $1')

/** Before the job, which names the sweep. Its size counts against the limit of the statement that stores the job. */
export async function insertTrials(
  client: Connection,
  tenantId: string,
  { id, name, trials, created, definition }: NewTrials,
  { requestId, traceId, spanId, isSampled }: Origin,
): Promise<void> {
  await lockLimits(client, tenantId)
  const columns = definitionColumns(definition)
  await send(client, insertStatement, [
    ...[id, tenantId, name, trials, created, requestId, traceId, spanId, isSampled],
    ...[columns.definition, columns.metric, columns.seeds, columns.parallelism, columns.budgetSeconds],
  ])
}

/** After the job is stored. */
export async function nameRepeated(
  client: Connection,
  { id }: NewTrials,
  { id: jobId }: Pick<NewJob, 'id'>,
): Promise<void> {
  await send(client, nameStatement, [id, jobId])
}

type Control = Extract<Transition, 'pause' | 'resume' | 'cancel'>

/** $1 job, $2 tenant. The sweep of a job that may go through the transition. */
const findStatement = (name: Control) =>
  statement(
    `${name}TrialsOfJob`,
    idRow,
    `SELECT sweep.id FROM "Sweep" AS sweep JOIN "Job" AS job ON job.id = sweep."jobId"
      WHERE job.id = $1 AND job."tenantId" = $2 AND ${guard(name, 'job.status')}
        AND ${statusIn(unfinishedSweepStatuses, 'sweep.status')}`,
  )

const findStatements: Record<Control, ReturnType<typeof findStatement>> = {
  pause: findStatement('pause'),
  resume: findStatement('resume'),
  cancel: findStatement('cancel'),
}

/** The sweep of the trials that change with the job. Null for none, or if the status of the job refuses the change. */
export async function trialsToChange(
  { pool }: Pick<Database, 'pool'>,
  name: Control,
  { id, tenantId }: OwnJob,
): Promise<string | null> {
  const [found] = await send(pool, findStatements[name], [id, tenantId])
  return found?.id ?? null
}

/** Changes the sweep and its unfinished jobs. */
export const changeTrials = async (
  client: Prisma.TransactionClient,
  name: Control,
  { sweepId, tenantId }: { sweepId: string; tenantId: string },
): Promise<boolean> => (await changeSweep(client, name, sweepId, tenantId)) !== null

export function changedRepeat(change: object): Problem {
  const [field] = Object.keys(change)
  const message = `The trials of this job repeat its spec, so ${field} cannot change: resume without changes, or start another job.`
  return new Problem('invalid-spec', message, [{ pointer: `/${field}`, message }])
}

/** @returns the number of deleted jobs, 0 if the job is not finished @throws Problem `job-active` while trials of the job have not ended */
export async function deleteJob(client: Prisma.TransactionClient, { id, tenantId }: OwnJob): Promise<number> {
  const where = { id, tenantId, status: { in: finishedStatuses } }
  const sweep = await client.sweep.findUnique({
    where: { jobId: id, tenantId },
    select: { id: true, status: true },
  })
  if (sweep === null) return (await client.job.deleteMany({ where })).count
  if (isUnfinished(sweep.status)) {
    const message = `The trials of the job are ${sweep.status}: cancel them with POST /sweeps/${sweep.id}/cancel.`
    throw new Problem('job-active', message)
  }
  // One statement, because the sweep is deleted with the job, and its trials then no longer name it.
  const all = { tenantId, status: where.status, OR: [{ id }, { sweepId: sweep.id }] }
  return (await client.job.deleteMany({ where: all })).count
}

const isUnfinished = (status: SweepStatus) => unfinishedSweepStatuses.some((each) => each === status)

const sweepOfJobStatement = statement(
  'sweepOfJob',
  z.strictObject({
    id: z.string(),
    status: sweepStatusSchema,
    definition: z.instanceof(Uint8Array),
    trials: z.int(),
  }),
  'SELECT id, status, definition, trials FROM "Sweep" WHERE "jobId" = $1 AND "tenantId" = $2',
)

const trialsStatement = statement(
  'trialsOfSweep',
  z.strictObject({
    trial: z.int(),
    jobId: z.string(),
    modelId: z.string().nullable(),
    status: jobStatusSchema,
    epoch: z.int(),
    loss: z.number().nullable(),
    accuracy: z.number().nullable(),
    valLoss: z.number().nullable(),
    valAccuracy: z.number().nullable(),
  }),
  `SELECT job.trial, job.id AS "jobId", model.id AS "modelId", job.status, job.epoch, job.loss, job.accuracy, job."valLoss",
      job."valAccuracy"
    FROM "Job" AS job LEFT JOIN "Model" AS model ON model."jobId" = job.id
    WHERE job."sweepId" = $1 AND job.trial > 0 ORDER BY job.trial`,
)

/** Null for a job without repeats and folds. */
export async function readTrialsOfJob(
  { pool }: Pick<Database, 'pool'>,
  { id, tenantId }: OwnJob,
): Promise<JobTrials | null> {
  const [sweep] = await send(pool, sweepOfJobStatement, [id, tenantId])
  if (sweep === undefined) return null
  const definition = unpackDefinition(sweep.definition)
  const rows = await send(pool, trialsStatement, [sweep.id])
  const { seeds: repeats, folds = null } = definition
  return {
    ...{ sweepId: sweep.id, status: sweep.status, repeats, folds, total: sweep.trials },
    trials: rows.map(({ trial, jobId, modelId, status, epoch, ...metrics }) => {
      const { repetition, fold } = trialOf(trial, definition)
      const place = { trial, repeat: repetition + 1, fold: folds === null ? null : fold }
      return { ...place, jobId, modelId, status, epoch, metrics: finiteMetrics(metrics) }
    }),
  }
}
