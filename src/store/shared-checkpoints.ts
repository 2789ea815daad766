/** Checkpoints of trials from which other trials of the same sweep can continue. */
import { z } from 'zod'
import type { Claim, ClaimedJob, SharedCheckpoint, Sharing } from '../training/ports/runs.js'
import type { Database } from './database.js'
import { parseSpec } from './job-rows.js'
import { idRow, send, statement } from './statements.js'
import { statusIn } from './transitions.js'

const maximumCandidates = 100

/**
 * $1 sweep, $2 prefix, $3 job, $4 backend and variant, $5 the last epoch. Only unchanged trials, whose epochs are those of
 * their spec.
 */
const candidatesStatement = statement(
  'sharedCheckpoints',
  z.strictObject({
    jobId: z.string(),
    sequence: z.int(),
    epoch: z.int(),
    step: z.int(),
    spec: z.instanceof(Uint8Array),
  }),
  `
    SELECT point."jobId", point.sequence, point.epoch, point.step, other.spec FROM "Job" AS other
    JOIN "Checkpoint" AS point ON point."jobId" = other.id
    WHERE other."sweepId" = $1 AND other.prefix = $2 AND other.id <> $3 AND other.changes = '[]'
      AND other."epochsKept" IS NULL AND point.bytes > 0 AND point.header ->> 'ended' IS NULL AND point.backend = $4
      AND point.epoch BETWEEN 1 AND $5::int AND (point.epoch < $5::int OR point.step = 0)
    ORDER BY point.epoch DESC, point.step DESC, point."jobId" LIMIT ${maximumCandidates}`,
)

export async function sharedCheckpoints(
  { pool }: Pick<Database, 'pool'>,
  { jobId, sharing }: ClaimedJob & { sharing: Sharing },
  backend: string,
  upTo: number,
): Promise<SharedCheckpoint[]> {
  const { sweepId, prefix } = sharing
  const rows = await send(pool, candidatesStatement, [sweepId, prefix, jobId, backend, upTo])
  return rows.map((row) => ({ ...row, spec: parseSpec(row.spec) }))
}

const stopStatement = statement(
  'stopSharing',
  idRow,
  `UPDATE "Job" SET prefix = NULL WHERE id = $1 AND attempt = $2::int AND ${statusIn(['running'])} RETURNING id`,
)

/** @returns whether the claim held */
export async function stopSharing(
  { pool }: Pick<Database, 'pool'>,
  { jobId, attempt }: Claim,
): Promise<boolean> {
  return (await send(pool, stopStatement, [jobId, attempt])).length > 0
}
