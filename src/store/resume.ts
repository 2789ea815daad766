/** Resumes a paused job, with or without changes of its settings. */
import { z } from 'zod'
import { changeSchema, type JobSpec, type ResumeRequest } from '../contract/job.js'
import { Problem } from '../contract/problems.js'
import type { Prisma } from './database.js'
import { parseSpec } from './job-rows.js'
import { packJson } from './packed-json.js'
import { query, statement } from './statements.js'
import { changedRow, guard, transition } from './transitions.js'

/** $1 job, $2 tenant. */
const lockStatement = statement(
  'lockPausedJob',
  z.strictObject({ epoch: z.int(), epochs: z.int(), spec: z.instanceof(Uint8Array), changes: z.unknown() }),
  `SELECT epoch, epochs, spec, changes FROM "Job" WHERE id = $1 AND "tenantId" = $2 AND ${guard('resume')} FOR UPDATE`,
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
  const spec = parseSpec(row.spec)
  const hasFolds = spec.earlyStopping?.folds !== undefined
  const before = { epochs: row.epochs, learningRate: spec.optimizer.learningRate }
  const after = { ...before, ...change }
  if (hasFolds && after.epochs !== before.epochs) {
    const message = `The folds of this job choose its number of epochs, so it cannot be ${after.epochs}: change the learningRate only.`
    throw new Problem('invalid-spec', message, [{ pointer: '/epochs', message }])
  }
  if (after.epochs !== before.epochs || after.learningRate !== before.learningRate) {
    const earlier = z.array(changeSchema).parse(row.changes)
    const next = await nextUnbegunEpoch(client, id, row.epoch)
    // Changes apply in order: none begins before an earlier one.
    const fromEpoch = Math.max(next, ...earlier.map((change) => change.fromEpoch))
    if (fromEpoch > Math.min(before.epochs, after.epochs)) {
      const message = `The job has begun its epoch ${fromEpoch - 1} of ${before.epochs}: a change could take effect from epoch ${fromEpoch} only.`
      throw new Problem('invalid-spec', message, [{ pointer: '/epochs', message }])
    }
    const changes = [...earlier, { at: new Date().toISOString(), fromEpoch, before, after }]
    const { epochs, learningRate } = after
    const most = hasFolds ? spec.epochs : epochs
    const changed: JobSpec = { ...spec, epochs: most, optimizer: { ...spec.optimizer, learningRate } }
    await client.job.update({
      where: { id },
      data: { spec: packJson(changed), epochs, changes, identity: null },
    })
  }
  await query(client, resumeStatement, [id])
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
