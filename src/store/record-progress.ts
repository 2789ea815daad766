/** Progress of a running training: epochs, snapshots, and sometimes a checkpoint. */
import { z } from 'zod'
import type { Claim, Progress } from '../training/ports/runs.js'
import { deleteOldCheckpoints, draftCheckpoint, insertCheckpoint } from './checkpoints.js'
import type { Database } from './database.js'
import { finiteMetrics, metricsPerEpoch } from './epochs.js'
import { notifyJob } from './hints.js'
import type { KeptCheckpoints } from './kept-checkpoints.js'
import { type Connection, idRow, send, statement, transaction } from './statements.js'
import { acceptsProgress } from './transitions.js'
import { historyBytes, snapshotRows } from './weight-snapshots.js'

const holds = `"Job".id = $1 AND attempt = $2::int AND ${acceptsProgress()}`

/** The epochs must follow the last stored one. The first row of snapshots has what all snapshots of the job share. */
const recordStatement = statement(
  'recordEpochs',
  z.strictObject({ id: z.string(), hint: z.string() }),
  `
    WITH changed AS (
      UPDATE "Job" SET epoch = $4::int, loss = $7::float8, accuracy = $8::float8, "valLoss" = $9::float8,
        "valAccuracy" = $10::float8, "trainingSeconds" = "trainingSeconds" + $6::float8,
        epochs = coalesce($11::int, epochs), backend = $12::text, "backendDetail" = $13::text, crashes = 0,
        "heartbeatAt" = now(), "historyBytes" = "historyBytes" + $19::float8
      WHERE ${holds} AND epoch = $3::int - 1
      RETURNING id, status, epoch, "trainingSeconds"
    ), stored AS (
      INSERT INTO "EpochBatch" ("jobId", "firstEpoch", "lastEpoch", metrics, "startSeconds", "endSeconds")
      SELECT id, $3::int, $4::int, $5::bytea, "trainingSeconds" - $6::float8, "trainingSeconds" FROM changed
    ), snapshots AS (
      INSERT INTO "WeightSnapshot" ("jobId", epoch, epochs, kept, header, bytes)
      SELECT id, snapshot.epoch, string_to_array(snapshot.epochs, ' ')::int[], kept, CASE WHEN place = 1
        AND NOT EXISTS (SELECT FROM "WeightSnapshot" WHERE "jobId" = $1) THEN $14::jsonb END, bytes
      FROM changed CROSS JOIN unnest($15::int[], $16::text[], $17::bool[], $18::bytea[])
        WITH ORDINALITY AS snapshot(epoch, epochs, kept, bytes, place)
    ), statistics AS (
      INSERT INTO "EpochStatistics" ("jobId", epoch, statistics)
      SELECT id, taken.epoch, taken.statistics::jsonb
      FROM changed CROSS JOIN unnest($20::int[], $21::text[]) AS taken(epoch, statistics)
    ), replaced AS (
      DELETE FROM "WeightSnapshot" USING changed
      WHERE "jobId" = id AND NOT kept AND "WeightSnapshot".epoch < (SELECT max(each) FROM unnest($15::int[]) AS each)
    )
    SELECT id, ${notifyJob} FROM changed`,
)

/** For progress within an epoch. */
const recordSecondsStatement = statement(
  'recordSeconds',
  idRow,
  `
    UPDATE "Job" SET crashes = 0, "trainingSeconds" = "trainingSeconds" + $3::float8 WHERE ${holds} RETURNING id`,
)

/** @returns whether the claim held; otherwise nothing is stored */
export async function recordProgress(
  { pool, objects }: Pick<Database, 'pool' | 'objects'>,
  claim: Claim,
  progress: Progress,
  rule: KeptCheckpoints,
): Promise<boolean> {
  const { checkpoint } = progress
  if (checkpoint === null) return recordEpochs(pool, claim, progress)
  const draft = await draftCheckpoint({ pool, objects }, claim, checkpoint)
  if (draft === null) return false
  const isStored = await transaction(pool, async (client) => {
    const held = await recordEpochs(client, claim, progress)
    if (held) await insertCheckpoint(client, claim.jobId, checkpoint, draft)
    return held
  })
  if (isStored) await deleteOldCheckpoints({ pool }, claim.jobId, rule)
  return isStored
}

async function recordEpochs(
  client: Connection,
  { jobId, attempt }: Claim,
  { epochs, seconds, backend, backendDetail, plannedEpochs, snapshots, statistics = [] }: Progress,
): Promise<boolean> {
  const { firstEpoch, metrics } = epochs
  if (metrics.length === 0) {
    return (await send(client, recordSecondsStatement, [jobId, attempt, seconds])).length > 0
  }
  const [loss, accuracy, valLoss, valAccuracy] = metrics.subarray(-metricsPerEpoch)
  const last = finiteMetrics({ loss, accuracy, valLoss, valAccuracy })
  const lastEpoch = firstEpoch + metrics.length / metricsPerEpoch - 1
  const rows = snapshotRows(snapshots?.taken ?? [])
  const header = snapshots === null ? null : { coding: snapshots.coding, tensors: snapshots.tensors }
  const texts = statistics.map(({ epoch: _, ...values }) => JSON.stringify(values, shortened))
  const stored = await send(client, recordStatement, [
    jobId,
    attempt,
    firstEpoch,
    lastEpoch,
    Buffer.from(metrics.buffer, metrics.byteOffset, metrics.byteLength),
    seconds,
    last.loss,
    last.accuracy,
    last.valLoss,
    last.valAccuracy,
    plannedEpochs ?? null,
    backend,
    backendDetail,
    JSON.stringify(header),
    rows.map((row) => row.epoch),
    rows.map((row) => row.epochs.join(' ')),
    rows.map((row) => row.kept),
    rows.map((row) => Buffer.from(row.bytes)),
    historyBytes(metrics, rows) + texts.reduce((sum, { length }) => sum + length, 0),
    statistics.map(({ epoch }) => epoch),
    texts,
  ])
  return stored.length > 0
}

/** Six significant digits, which is what norms of float32 values have. */
const shortened = (_: string, value: unknown) =>
  typeof value === 'number' ? Number(value.toPrecision(6)) : value
