/**
 * Answers a job by the stored run of an equal job: copies its epochs, snapshots and model in the transaction that creates the
 * job, which goes through the same statuses as one that a worker trains.
 */
import { z } from 'zod'
import type { Database } from './database.js'
import { type Client, noRow, query, send, statement } from './statements.js'
import { changedRow, statusIn, transition } from './transitions.js'
import { isAlive } from './workers.js'

/** Copying larger weights would hold the transaction too long. */
const maximumWeightBytes = 256 * 1024 * 1024

/** $1 tenant, $2 identities. Runs of a backend that no live worker has would not repeat with the same bits. */
const findStatement = statement(
  'findRuns',
  z.strictObject({ jobId: z.string().nullable() }),
  `
    SELECT (
      SELECT job.id FROM "Job" AS job JOIN "Model" AS model ON model."jobId" = job.id
      WHERE job."tenantId" = $1 AND job.identity = wanted.identity AND ${statusIn(['succeeded'], 'job.status')}
        AND model."weightBytes" <= ${maximumWeightBytes} AND NOT (
          EXISTS (SELECT FROM "Worker" WHERE ${isAlive})
          AND NOT EXISTS (SELECT FROM "Worker" WHERE ${isAlive} AND backend = job.backend))
      ORDER BY job."finishedAt" DESC LIMIT 1
    ) AS "jobId"
    FROM unnest($2::bytea[]) WITH ORDINALITY AS wanted(identity, place) ORDER BY place`,
)

export async function findRuns(
  { pool }: Pick<Database, 'pool'>,
  tenantId: string,
  identities: readonly Buffer[],
): Promise<(string | null)[]> {
  const rows = await send(pool, findStatement, [tenantId, identities])
  return rows.map(({ jobId }) => jobId)
}

/** $1 job, $2 tenant. A deletion of the model or the job waits until the copy is committed. */
const lockStatement = statement(
  'lockRun',
  z.strictObject({ modelId: z.string() }),
  `SELECT model.id AS "modelId" FROM "Job" AS job JOIN "Model" AS model ON model."jobId" = job.id
    WHERE job.id = $1 AND job."tenantId" = $2 AND ${statusIn(['succeeded'], 'job.status')}
    FOR SHARE OF model FOR KEY SHARE OF job`,
)

/** $1 job. */
const beginStatement = statement(
  'beginCopy',
  changedRow,
  transition('claim', { where: 'id = $1', set: 'attempt = attempt + 1, "startedAt" = now()' }),
)

/** $1 job, $2 the job whose run is copied. */
const epochsStatement = statement(
  'copyEpochs',
  noRow,
  `INSERT INTO "EpochBatch" ("jobId", "firstEpoch", "lastEpoch", metrics, "startSeconds", "endSeconds", kept)
    SELECT $1, "firstEpoch", "lastEpoch", metrics, "startSeconds", "endSeconds", kept FROM "EpochBatch" WHERE "jobId" = $2`,
)

const snapshotsStatement = statement(
  'copySnapshots',
  noRow,
  `INSERT INTO "WeightSnapshot" ("jobId", epoch, epochs, kept, header, bytes)
    SELECT $1, epoch, epochs, kept, header, bytes FROM "WeightSnapshot" WHERE "jobId" = $2`,
)

const statisticsStatement = statement(
  'copyStatistics',
  noRow,
  `INSERT INTO "EpochStatistics" ("jobId", epoch, statistics)
    SELECT $1, epoch, statistics FROM "EpochStatistics" WHERE "jobId" = $2`,
)

/** $1 job, $2 the job whose run is copied, $3 the new model. */
const succeedStatement = statement(
  'succeedCopy',
  changedRow,
  transition('succeed', {
    where: 'id = $1',
    set: `"finishedAt" = now(), "reusedFrom" = $2, (epoch, epochs, loss, accuracy, "valLoss", "valAccuracy", "bestEpoch",
        backend, "backendDetail", "historyBytes", "epochsKept", "thinnedAt") = (
          SELECT epoch, epochs, loss, accuracy, "valLoss", "valAccuracy", "bestEpoch", backend, "backendDetail",
            "historyBytes", "epochsKept", "thinnedAt" FROM "Job" AS source WHERE source.id = $2)`,
    modelId: '$3',
  }),
)

/** $1 job, $2 the model that is copied, $3 the new model. The copy has the name of its job, and no other labels. */
const modelStatement = statement(
  'copyModel',
  noRow,
  `INSERT INTO "Model" (id, "tenantId", "jobId", name, description, loss, parameters, "finalLoss", "finalAccuracy",
      "finalValLoss", "finalValAccuracy", epoch, weights, "weightBytes", "weightSha256", evaluation)
    SELECT $3, job."tenantId", job.id, job.name, description, model.loss, model.parameters, "finalLoss", "finalAccuracy",
      "finalValLoss", "finalValAccuracy", model.epoch, weights, "weightBytes", "weightSha256", evaluation
    FROM "Model" AS model, "Job" AS job WHERE model.id = $2 AND job.id = $1`,
)

const chunksStatement = statement(
  'copyWeights',
  noRow,
  `INSERT INTO "WeightChunk" ("modelId", index, bytes, object)
    SELECT $2, index, bytes, object FROM "WeightChunk" WHERE "modelId" = $1`,
)

/**
 * @param copied the job whose run is copied, and the id of the new model
 * @returns whether the run could be copied; otherwise the job stays queued
 */
export async function copyRun(
  client: Client,
  { jobId: from, modelId }: { jobId: string; modelId: string },
  { id: to, tenantId }: { id: string; tenantId: string },
): Promise<boolean> {
  const [source] = await query(client, lockStatement, [from, tenantId])
  if (source === undefined) return false
  await query(client, beginStatement, [to])
  await query(client, epochsStatement, [to, from])
  await query(client, snapshotsStatement, [to, from])
  await query(client, statisticsStatement, [to, from])
  await query(client, succeedStatement, [to, from, modelId])
  await query(client, modelStatement, [to, source.modelId, modelId])
  await query(client, chunksStatement, [source.modelId, modelId])
  return true
}
