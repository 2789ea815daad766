/** Lets a fork continue from a checkpoint of the other job, instead of repeating its first epochs. */
import { z } from 'zod'
import type { Claim, Fork } from '../training/ports/runs.js'
import type { Database } from './database.js'
import { bytesPerEpoch } from './epochs.js'
import { noRow, send, statement, transaction } from './statements.js'
import { statusIn } from './transitions.js'

/**
 * $1 job, $2 attempt, $3 the other job, $4 the epoch of the fork. The lock keeps the checkpoint until it is copied. A thinned
 * history lacks epochs, so its fork begins anew. After folds, only the training itself knows the number of epochs.
 */
const lockStatement = statement(
  'lockForkCheckpoint',
  z.strictObject({ sequence: z.int(), epoch: z.int() }),
  `
    SELECT point.sequence, point.epoch FROM "Job" AS fork
    JOIN "Job" AS other ON other.id = $3 AND other."epochsKept" IS NULL
    JOIN "Checkpoint" AS point ON point."jobId" = other.id
    WHERE fork.id = $1 AND fork.attempt = $2::int AND ${statusIn(['running'], 'fork.status')} AND fork.epoch = 0
      AND NOT fork."hasFolds" AND fork."tenantId" = other."tenantId" AND point.bytes > 0 AND point.header ->> 'ended' IS NULL
      AND (point.epoch < $4::int OR (point.epoch = $4::int AND point.step = 0)) AND point.epoch > 0
      AND split_part(point.backend, '/', 1) = fork.backend
    ORDER BY point.sequence DESC LIMIT 1
    FOR UPDATE OF point FOR NO KEY UPDATE OF fork`,
)

/** $1 job, $2 the other job, $3 sequence of the checkpoint. */
const checkpointStatement = statement(
  'adoptCheckpoint',
  noRow,
  `INSERT INTO "Checkpoint" ("jobId", sequence, epoch, step, backend, header, sha256, bytes, seconds)
    SELECT $1, 1, epoch, step, backend, header, sha256, bytes, seconds FROM "Checkpoint" WHERE "jobId" = $2 AND sequence = $3::int`,
)

const chunksStatement = statement(
  'adoptChunks',
  noRow,
  `INSERT INTO "CheckpointChunk" ("jobId", sequence, index, bytes)
    SELECT $1, 1, index, bytes FROM "CheckpointChunk" WHERE "jobId" = $2 AND sequence = $3::int`,
)

/** $1 job, $2 the other job, $3 the last epoch. */
const epochsStatement = statement(
  'adoptEpochs',
  noRow,
  `INSERT INTO "EpochBatch" ("jobId", "firstEpoch", "lastEpoch", metrics)
    SELECT $1, "firstEpoch", least("lastEpoch", $3::int),
      substring(metrics FROM 1 FOR (least("lastEpoch", $3::int) - "firstEpoch" + 1) * ${bytesPerEpoch})
    FROM "EpochBatch" WHERE "jobId" = $2 AND "firstEpoch" <= $3::int`,
)

/** $1 job, $2 the last epoch. */
const advanceStatement = statement(
  'adoptProgress',
  noRow,
  `UPDATE "Job" SET epoch = $2::int, "historyBytes" = "historyBytes" + $2::float8 * ${bytesPerEpoch} WHERE id = $1`,
)

/** The last epoch of the other job that the fork takes over; null if it begins anew. */
export async function adoptCheckpoint(
  { pool }: Pick<Database, 'pool'>,
  { jobId, attempt }: Claim,
  fork: Fork,
): Promise<number | null> {
  return transaction(pool, async (client) => {
    const [point] = await send(client, lockStatement, [jobId, attempt, fork.jobId, fork.epoch])
    if (point === undefined) return null
    await send(client, checkpointStatement, [jobId, fork.jobId, point.sequence])
    await send(client, chunksStatement, [jobId, fork.jobId, point.sequence])
    await send(client, epochsStatement, [jobId, fork.jobId, point.epoch])
    await send(client, advanceStatement, [jobId, point.epoch])
    return point.epoch
  })
}
