/** Lets a job continue from a checkpoint of another job that has the same first epochs, instead of repeating these. */
import { z } from 'zod'
import { metricsPerEpoch } from '../contract/packed-epochs.js'
import type { Adopted, Claim, Fork } from '../training/ports/runs.js'
import type { Database } from './database.js'
import { bytesPerEpoch, finiteMetrics } from './epochs.js'
import { noRow, send, statement, transaction } from './statements.js'
import { statusIn } from './transitions.js'

/**
 * $1 job, $2 attempt, $3 the other job, $4 the last shared epoch, $5 the sequence of the checkpoint, or null for the newest
 * of the backend that the job needs. The lock keeps the checkpoint until it is copied. A thinned history lacks epochs, so
 * the job begins anew. After folds, only the training itself knows the number of epochs.
 */
const lockStatement = statement(
  'lockForkCheckpoint',
  z.strictObject({ sequence: z.int(), epoch: z.int(), backend: z.string() }),
  `
    SELECT point.sequence, point.epoch, split_part(point.backend, '/', 1) AS backend FROM "Job" AS fork
    JOIN "Job" AS other ON other.id = $3 AND other."epochsKept" IS NULL
    JOIN "Checkpoint" AS point ON point."jobId" = other.id
    WHERE fork.id = $1 AND fork.attempt = $2::int AND ${statusIn(['running'], 'fork.status')} AND fork.epoch = 0
      AND NOT fork."hasFolds" AND fork."tenantId" = other."tenantId" AND point.bytes > 0 AND point.header ->> 'ended' IS NULL
      AND (point.epoch < $4::int OR (point.epoch = $4::int AND point.step = 0)) AND point.epoch > 0
      AND CASE WHEN $5::int IS NULL THEN split_part(point.backend, '/', 1) = fork.backend ELSE point.sequence = $5::int END
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
  `INSERT INTO "CheckpointChunk" ("jobId", sequence, index, bytes, object)
    SELECT $1, 1, index, bytes, object FROM "CheckpointChunk" WHERE "jobId" = $2 AND sequence = $3::int`,
)

/** $1 job, $2 the other job, $3 the last epoch. Returns the metrics of the last epoch of each batch. */
const epochsStatement = statement(
  'adoptEpochs',
  z.strictObject({ lastEpoch: z.int(), metrics: z.instanceof(Uint8Array) }),
  `INSERT INTO "EpochBatch" ("jobId", "firstEpoch", "lastEpoch", metrics)
    SELECT $1, "firstEpoch", least("lastEpoch", $3::int),
      substring(metrics FROM 1 FOR (least("lastEpoch", $3::int) - "firstEpoch" + 1) * ${bytesPerEpoch})
    FROM "EpochBatch" WHERE "jobId" = $2 AND "firstEpoch" <= $3::int
    RETURNING "lastEpoch", substring(metrics FROM octet_length(metrics) - ${bytesPerEpoch - 1}) AS metrics`,
)

/** $1 job, $2 the other job, $3 the last epoch. Snapshots are stored with epochs, so a checkpoint divides no row. */
const historyStatement = statement(
  'adoptHistory',
  z.strictObject({ bytes: z.number() }),
  `
    WITH snapshot AS (
      INSERT INTO "WeightSnapshot" ("jobId", epoch, epochs, kept, header, bytes)
      SELECT $1, epoch, epochs, kept, header, bytes FROM "WeightSnapshot" WHERE "jobId" = $2 AND epoch <= $3::int AND kept
      RETURNING octet_length(bytes) AS bytes
    ), statistics AS (
      INSERT INTO "EpochStatistics" ("jobId", epoch, statistics)
      SELECT $1, epoch, statistics FROM "EpochStatistics" WHERE "jobId" = $2 AND epoch <= $3::int
      RETURNING octet_length(statistics::text) AS bytes
    )
    SELECT coalesce(sum(bytes), 0)::float8 AS bytes
    FROM (SELECT bytes FROM snapshot UNION ALL SELECT bytes FROM statistics) AS added`,
)

/** $1 job, $2 the other job, $3 the last epoch, $4 backend, $5 bytes, $6 to $9 metrics. */
const advanceStatement = statement(
  'adoptProgress',
  noRow,
  `UPDATE "Job" SET epoch = $3::int, backend = $4, "historyBytes" = "historyBytes" + $5::float8, "continuedFrom" = $2,
      "continuedEpoch" = $3::int, loss = $6::float8, accuracy = $7::float8, "valLoss" = $8::float8, "valAccuracy" = $9::float8
    WHERE id = $1`,
)

/** Where the job continues; null if it begins anew. */
export async function adoptCheckpoint(
  { pool }: Pick<Database, 'pool'>,
  { jobId, attempt }: Claim,
  other: Fork & { sequence?: number | undefined },
): Promise<Adopted | null> {
  return transaction(pool, async (client) => {
    const values = [jobId, attempt, other.jobId, other.epoch, other.sequence ?? null]
    const [point] = await send(client, lockStatement, values)
    if (point === undefined) return null
    const { sequence, epoch, backend } = point
    await send(client, checkpointStatement, [jobId, other.jobId, sequence])
    await send(client, chunksStatement, [jobId, other.jobId, sequence])
    const batches = await send(client, epochsStatement, [jobId, other.jobId, epoch])
    const [{ bytes }] = await send(client, historyStatement, [jobId, other.jobId, epoch])
    const last = batches.find(({ lastEpoch }) => lastEpoch === epoch)
    if (last === undefined) throw new Error(`job ${other.jobId} has a checkpoint, but not its epoch ${epoch}`)
    const { loss, accuracy, valLoss, valAccuracy } = readMetrics(last.metrics)
    await send(client, advanceStatement, [
      ...[jobId, other.jobId, epoch, backend, bytes + epoch * bytesPerEpoch],
      ...[loss, accuracy, valLoss, valAccuracy],
    ])
    return { epoch, backend }
  })
}

function readMetrics(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [loss, accuracy, valLoss, valAccuracy] = Array.from({ length: metricsPerEpoch }, (_, index) =>
    view.getFloat64(8 * index, true),
  )
  return finiteMetrics({ loss, accuracy, valLoss, valAccuracy })
}
