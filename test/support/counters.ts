/** The sums that triggers keep, against what the rows say. */
import { expect } from 'vitest'
import { type Database, Prisma } from '../../src/store/database.js'

interface Use {
  tenantId: string
  queuedJobs: number
  runningJobs: number
  storedBytes: number
}

interface Queued {
  tenantId: string
  priority: number
  bucket: bigint
  jobs: number
}

/** In each: what is kept, and what is counted, of the same instant. */
interface Counters {
  use: { kept: Use[]; counted: Use[] }
  queue: { kept: Queued[]; counted: Queued[] }
}

export async function readCounters(database: Database): Promise<Counters> {
  const isolationLevel = Prisma.TransactionIsolationLevel.RepeatableRead
  return database.$transaction(
    async (client) => ({
      use: {
        kept: await client.$queryRaw<Use[]>`
          SELECT "tenantId", sum("queuedJobs") AS "queuedJobs", sum("runningJobs") AS "runningJobs",
            sum("storedBytes") AS "storedBytes"
          FROM "TenantUse" GROUP BY "tenantId"
          HAVING sum("queuedJobs") <> 0 OR sum("runningJobs") <> 0 OR sum("storedBytes") <> 0 ORDER BY "tenantId"`,
        counted: await client.$queryRaw<Use[]>`
          WITH history AS (
            SELECT id, coalesce((SELECT sum(length(metrics) + 4 * coalesce(cardinality(kept), 0)) FROM "EpochBatch" WHERE "jobId" = "Job".id), 0)
              + coalesce((SELECT sum(length(bytes)) FROM "WeightSnapshot" WHERE "jobId" = "Job".id AND kept), 0) AS history,
              100.0 * (SELECT count(*) FROM "JobEvent" WHERE "jobId" = "Job".id)
              + coalesce((SELECT sum(length(bytes)) FROM "CheckpointChunk" WHERE "jobId" = "Job".id
                AND NOT EXISTS (SELECT FROM "Draft" WHERE "Draft"."jobId" = "Job".id
                  AND "Draft".sequence = "CheckpointChunk".sequence)), 0)
              + coalesce((SELECT sum(CASE WHEN bytes > 0 THEN octet_length(header::text) ELSE 0 END)
                FROM "Checkpoint" WHERE "jobId" = "Job".id), 0)
              + coalesce((SELECT sum(bytes) FROM "Draft" WHERE "jobId" = "Job".id), 0)
              + coalesce(octet_length(name), 0) + coalesce(octet_length(notes), 0)
              + octet_length(array_to_string(tags, '')) + 100 * cardinality(tags)
              + (SELECT coalesce(sum(octet_length(key) + octet_length(value) + 100), 0)
                FROM jsonb_each_text(coalesce(metadata, '{}'))) AS "ofRun"
            FROM "Job"
          )
          SELECT "tenantId", sum(waits)::float8 AS "queuedJobs", sum(runs)::float8 AS "runningJobs",
            sum(bytes)::float8 AS "storedBytes"
          FROM (
            SELECT "tenantId", CASE WHEN status = 'running' THEN 0 ELSE 1 END AS waits,
              CASE WHEN status = 'running' THEN 1 ELSE 0 END AS runs,
              4.0 * parameters + greatest(32.0 * epochs, history) + "ofRun" + "specBytes" AS bytes
            FROM "Job" JOIN history ON history.id = "Job".id WHERE status IN ('queued', 'paused', 'running')
            UNION ALL SELECT "tenantId", 0, 0, history + "ofRun" + "specBytes"
              FROM "Job" JOIN history ON history.id = "Job".id WHERE status NOT IN ('queued', 'paused', 'running')
            UNION ALL SELECT "tenantId", 0, 0, octet_length(answer) + 300 FROM "IdempotencyKey"
            UNION ALL SELECT "tenantId", 0, 0, octet_length(body)
              FROM "WebhookDelivery" JOIN "Webhook" ON "Webhook".id = "webhookId"
            UNION ALL SELECT "tenantId", 0, 0, length(bytes) FROM "WeightChunk" JOIN "Model" ON "Model".id = "modelId"
            UNION ALL SELECT "tenantId", 0, 0, length(weights) FROM "Model" WHERE weights IS NOT NULL
            UNION ALL SELECT "tenantId", 0, 0, coalesce(octet_length(name), 0) + coalesce(octet_length(notes), 0)
              + octet_length(array_to_string(tags, '')) + 100 * cardinality(tags)
              + (SELECT coalesce(sum(octet_length(key) + octet_length(value) + 100), 0) FROM jsonb_each_text(metadata))
              FROM "Model"
            UNION ALL SELECT "tenantId", 0, 0, length("DatasetChunk".bytes)
              FROM "DatasetChunk" JOIN "Dataset" ON "Dataset".id = "datasetId"
          ) AS things
          GROUP BY "tenantId" HAVING sum(waits) <> 0 OR sum(runs) <> 0 OR sum(bytes) <> 0 ORDER BY "tenantId"`,
      },
      queue: {
        kept: await client.$queryRaw<Queued[]>`
          SELECT "tenantId", priority, bucket, jobs FROM "QueueCount" WHERE jobs <> 0 ORDER BY 1, 2, 3`,
        counted: await client.$queryRaw<Queued[]>`
          SELECT "tenantId", priority, div("queueNumber", 4096)::bigint AS bucket, count(*)::int AS jobs
          FROM "Job" WHERE status = 'queued' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
      },
    }),
    { isolationLevel },
  )
}

/** Fails when a sum is not what the rows say. */
export async function expectTrueCounters(database: Database): Promise<void> {
  const { use, queue } = await readCounters(database)
  expect(use.kept).toEqual(use.counted)
  expect(queue.kept).toEqual(queue.counted)
}
