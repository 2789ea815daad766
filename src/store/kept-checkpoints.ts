/**
 * Which checkpoints stay for forks: those that cost at least the time between two checkpoints to compute again. They are
 * evenly spaced over the training time. While a training gets longer, the distance between them doubles.
 */
import { finishedStatuses } from '../contract/job-status.js'
import type { Database } from './database.js'
import { noRow, send, statement } from './statements.js'

export interface KeptCheckpoints {
  /** The least distance of two, in seconds of training. */
  seconds: number
  /** Of all finished jobs of a tenant. */
  bytes: number
}

export const keepsNone: KeptCheckpoints = { seconds: 0, bytes: 0 }

/** Per job, with the newest one. */
const maximumKept = 8
/** One job keeps at most this share of what its tenant may keep. */
const shareOfJob = 1 / 16
const leastSeconds = 0.001

/** The values of the parameters $2 and $3. */
export const keptValues = ({ seconds, bytes }: KeptCheckpoints): number[] => [
  Math.max(seconds, leastSeconds),
  Math.floor(bytes * shareOfJob),
]

/**
 * The checkpoints of the jobs `where` that stay: the newest, the one that other trials may share, and the first in each
 * interval of the training time but the first. $2 is the least interval in seconds, $3 the bytes per job.
 */
export const kept = (where: string): string => `
  SELECT "jobId", sequence, bytes FROM (
    SELECT *, row_number() OVER (PARTITION BY "jobId", floor(seconds / distance) ORDER BY sequence) AS place FROM (
      SELECT *, $2::float8 * power(2, greatest(0, ceil(ln(greatest(total, $2::float8) / $2::float8 / greatest(intervals, 1))
        / ln(2)))) AS distance
      FROM (
        SELECT "jobId", sequence, bytes, seconds, "isShared", max(seconds) OVER job AS total,
          least(${maximumKept}, floor($3::float8 / max(bytes) OVER job)) AS intervals,
          row_number() OVER (PARTITION BY "jobId" ORDER BY sequence DESC) AS recency
        FROM "Checkpoint" WHERE bytes > 0 AND ${where}
        WINDOW job AS (PARTITION BY "jobId")
      ) AS point
    ) AS spaced
  ) AS placed
  WHERE intervals > 0 AND seconds >= $2::float8 AND (recency = 1 OR "isShared" OR (seconds >= distance AND place = 1))`

/** Their rows stay, because events of the job come from them. */
export const emptyCheckpoints = `UPDATE "Checkpoint" SET bytes = 0, header = '{}'`

export const deleteChunksOf = (emptied: string): string => `
    DELETE FROM "CheckpointChunk" USING ${emptied}
    WHERE "CheckpointChunk"."jobId" = ${emptied}."jobId" AND "CheckpointChunk".sequence = ${emptied}.sequence`

/** The bytes of a row and its chunks besides those of the checkpoint. */
const rowBytes = 1_024

/**
 * $1 finished statuses, $2 and $3 as `kept` says, $4 bytes per tenant. Reads only checkpoints that have bytes. The rows of
 * the jobs are locked first and in order, so that the statement cannot deadlock with the end of a job or its deletion.
 */
const cleanUpStatement = statement(
  'cleanUpCheckpoints',
  noRow,
  `
    WITH finished AS MATERIALIZED (
      SELECT point."jobId", point.sequence, "tenantId", "finishedAt", kept.bytes
      FROM "Checkpoint" AS point JOIN "Job" ON "Job".id = point."jobId"
      LEFT JOIN (${kept('true')}) AS kept ON kept."jobId" = point."jobId" AND kept.sequence = point.sequence
      WHERE point.bytes > 0 AND status = ANY($1::"JobStatus"[])
    ), counted AS (
      SELECT "jobId", sequence, bytes, sum(bytes + ${rowBytes}) OVER (
        PARTITION BY "tenantId" ORDER BY "finishedAt" DESC, "jobId", sequence DESC) AS total
      FROM finished
    ), spare AS MATERIALIZED (
      SELECT "jobId", sequence FROM counted WHERE bytes IS NULL OR total > $4::float8
    ), locked AS MATERIALIZED (
      SELECT id FROM "Job" WHERE id IN (SELECT "jobId" FROM spare) ORDER BY id FOR NO KEY UPDATE
    ), emptied AS (
      ${emptyCheckpoints} FROM spare JOIN locked ON locked.id = spare."jobId"
      WHERE "Checkpoint"."jobId" = spare."jobId" AND "Checkpoint".sequence = spare.sequence AND bytes > 0
      RETURNING "Checkpoint"."jobId", "Checkpoint".sequence
    ) ${deleteChunksOf('emptied')}`,
)

/** Deletes the bytes of checkpoints of finished jobs that need not stay. */
export function checkpointCleaner(
  { pool }: Pick<Database, 'pool'>,
  rule: KeptCheckpoints,
): { cleanUp(): Promise<void> } {
  return {
    async cleanUp() {
      await send(pool, cleanUpStatement, [finishedStatuses, ...keptValues(rule), rule.bytes])
    },
  }
}
