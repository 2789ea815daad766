/** Resumes a paused job, with or without changes of its settings. */
import { z } from 'zod'
import { changeSchema, type ResumeRequest, type RunChange } from '../contract/job-change.js'
import type { JobSpec } from '../contract/job-spec.js'
import { jobStatusSchema, unfinishedStatuses } from '../contract/job-status.js'
import { Problem } from '../contract/problems.js'
import type { Prisma } from './database.js'
import { parseSpec } from './job-rows.js'
import { packJson } from './packed-json.js'
import { noRow, query, statement } from './statements.js'
import { changedRow, guard, statusIn, transition } from './transitions.js'

const lockedRow = z.strictObject({
  status: jobStatusSchema,
  epoch: z.int(),
  epochs: z.int(),
  forkEpoch: z.int().nullable(),
  spec: z.instanceof(Uint8Array),
  changes: z.unknown(),
})
type LockedRow = z.infer<typeof lockedRow>

const lockedColumns = 'status, epoch, epochs, "forkEpoch", spec, changes'

/** $1 job, $2 tenant. */
const lockStatement = statement(
  'lockPausedJob',
  lockedRow,
  `SELECT ${lockedColumns} FROM "Job" WHERE id = $1 AND "tenantId" = $2 AND ${guard('resume')} FOR UPDATE`,
)

const lockUnfinishedStatement = statement(
  'lockUnfinishedJob',
  lockedRow,
  `SELECT ${lockedColumns} FROM "Job"
    WHERE id = $1 AND "tenantId" = $2 AND ${statusIn(unfinishedStatuses)} FOR UPDATE`,
)

/** The new attempt refuses the writes of the worker, which continues from the newest checkpoint at its next claim. */
const requeueChangedStatement = statement(
  'requeueChangedJob',
  changedRow,
  transition('release', { where: 'id = $1', set: 'attempt = attempt + 1, "heartbeatAt" = NULL' }),
)

/**
 * The new attempt refuses the writes of a worker that has not noticed the pause. They are epochs without the change, and may
 * be further than it.
 */
const refuseWritesStatement = statement(
  'refuseWritesOfPausedJob',
  noRow,
  `UPDATE "Job" SET attempt = attempt + 1 WHERE id = $1`,
)

/** $1 job. */
const changedEventStatement = statement(
  'insertChangedEvent',
  noRow,
  `INSERT INTO "JobEvent" ("jobId", type, attempt, "workerId", "claimedAt", epoch)
    SELECT id, 'changed', attempt, "workerId", "claimedAt", epoch FROM "Job" WHERE id = $1`,
)

/**
 * The new attempt refuses the writes of a worker that has not noticed the pause. A trial that waits for a decision goes on
 * without it.
 */
const resumeStatement = statement(
  'resumeJob',
  changedRow,
  transition('resume', {
    where: 'id = $1',
    set: `attempt = attempt + 1, "pauseAfter" = CASE WHEN "pauseAfter" > epoch THEN "pauseAfter" END`,
    event: { type: 'resumed' },
  }),
)

/**
 * Queues the job again. A change updates the spec and the record of changes.
 * @returns whether the job was paused
 */
export async function resume(
  client: Prisma.TransactionClient,
  { id, tenantId }: { id: string; tenantId: string },
  change: ResumeRequest,
): Promise<boolean> {
  const [row] = await query(client, lockStatement, [id, tenantId])
  if (row === undefined) return false
  await recordChange(client, id, row, change ?? {})
  await query(client, resumeStatement, [id])
  return true
}

/** The maximum number of changes of a job. */
const maximumChanges = 1_000

/**
 * Changes a queued, running or paused job. A running one goes back to the queue and continues with the change, so that the
 * change takes effect at exactly the recorded epoch.
 * @returns whether the job was unfinished
 * @throws Problem `epoch-begun` if the epoch after `afterEpoch` has begun
 */
export async function changeRun(
  client: Prisma.TransactionClient,
  { id, tenantId }: { id: string; tenantId: string },
  change: RunChange,
): Promise<boolean> {
  const [row] = await query(client, lockUnfinishedStatement, [id, tenantId])
  if (row === undefined) return false
  if (!(await recordChange(client, id, row, change))) return true
  if (row.status === 'running') await query(client, requeueChangedStatement, [id])
  else if (row.status === 'paused') await query(client, refuseWritesStatement, [id])
  await query(client, changedEventStatement, [id])
  return true
}

/** @returns whether the settings changed */
async function recordChange(
  client: Prisma.TransactionClient,
  id: string,
  row: LockedRow,
  { afterEpoch, ...settings }: RunChange,
): Promise<boolean> {
  const spec = parseSpec(row.spec)
  const hasFolds = spec.earlyStopping?.folds !== undefined
  const before = { epochs: row.epochs, learningRate: spec.optimizer.learningRate }
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
  const after = { ...before, ...given }
  if ((hasFolds || spec.stopAfter !== undefined) && after.epochs !== before.epochs) {
    const reason = hasFolds
      ? 'The folds of this job choose its number of epochs'
      : 'The job ends after an epoch of another job'
    const message = `${reason}, so it cannot be ${after.epochs}: change the learningRate only.`
    throw new Problem('invalid-spec', message, [{ pointer: '/epochs', message }])
  }
  if (after.epochs === before.epochs && after.learningRate === before.learningRate) return false
  const earlier = z.array(changeSchema).parse(row.changes)
  if (earlier.length >= maximumChanges) {
    const message = `The job has been changed ${earlier.length} times, and the limit is ${maximumChanges}: fork it.`
    throw new Problem('invalid-spec', message, [{ pointer: '', message }])
  }
  const next = await nextUnbegunEpoch(client, id, row.epoch)
  // Changes apply in order: none begins before an earlier one, or among the epochs that a fork repeats.
  const first = Math.max(next, (row.forkEpoch ?? 0) + 1, ...earlier.map((each) => each.fromEpoch))
  const fromEpoch = afterEpoch === undefined ? first : afterEpoch + 1
  if (fromEpoch < first) {
    const message = `A change after epoch ${afterEpoch} is too late: the job has stored ${row.epoch} epochs, and a change can take effect after epoch ${first - 1} or later.`
    throw new Problem('epoch-begun', message, [{ pointer: '/afterEpoch', message }])
  }
  if (fromEpoch > Math.min(before.epochs, after.epochs)) {
    const message = `The job has begun its epoch ${fromEpoch - 1} of ${before.epochs}: a change could take effect from epoch ${fromEpoch} only.`
    throw new Problem('invalid-spec', message, [{ pointer: '/epochs', message }])
  }
  const changes = [...earlier, { at: new Date().toISOString(), fromEpoch, before, after }]
  const { epochs, learningRate } = after
  const most = hasFolds || spec.stopAfter !== undefined ? spec.epochs : epochs
  const changed: JobSpec = { ...spec, epochs: most, optimizer: { ...spec.optimizer, learningRate } }
  await client.job.update({
    where: { id },
    data: { spec: packJson(changed), epochs, changes, identity: null },
  })
  return true
}

/**
 * The first epoch that has not begun in any checkpoint. Earlier epochs are recomputed with the settings they
 * began with.
 */
async function nextUnbegunEpoch(
  client: Prisma.TransactionClient,
  jobId: string,
  epoch: number,
): Promise<number> {
  const newest = await client.checkpoint.findFirst({ where: { jobId }, orderBy: { sequence: 'desc' } })
  const atBoundary = newest === null ? epoch === 0 : newest.epoch === epoch && newest.step === 0
  return atBoundary ? epoch + 1 : epoch + 2
}
