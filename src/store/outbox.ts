/**
 * What the statement that finishes a job adds to the outbox of webhooks and to the tallies. The outbox gets what the row of
 * the job says; the body is made of it when the delivery is claimed.
 */
import { z } from 'zod'
import { finishedStatuses } from '../contract/job-status.js'
import { testEvent, type WebhookBody, type WebhookTestBody } from '../contract/webhook.js'

/** A tally has this many rows, so that concurrent writers rarely wait for each other. */
export const tallyShards = 16

const statuses = z.enum(['succeeded', 'failed', 'cancelled'])
const metric = z.number().nullable().catch(null)

/** The columns of a finished job that its event shows. */
const columns = {
  id: z.string(),
  status: statuses,
  epoch: z.int(),
  modelId: z.string().nullable(),
  name: z.string().nullable(),
  epochs: z.int(),
  bestEpoch: z.int().nullable(),
  loss: metric,
  accuracy: metric,
  valLoss: metric,
  valAccuracy: metric,
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
  errorEpoch: z.int().nullable(),
}

const finishedJobSchema = z.object({ ...columns, finishedAt: z.int().describe('milliseconds since 1970') })
type FinishedJob = z.infer<typeof finishedJobSchema>

/** What the CTE `changed` must return of each job for `withFinished`, besides id, status, epoch and `modelId`. */
export const finishedColumns = `"tenantId", name, epochs, "bestEpoch", loss, accuracy, "valLoss",
  "valAccuracy", "errorCode", "errorMessage", "errorEpoch"`

/** CTEs after the CTE `changed`, for those of its jobs that are finished. */
export const withFinished = `
    , finished AS (
      SELECT * FROM changed WHERE status IN (${finishedStatuses.map((status) => `'${status}'`).join(', ')})
    ), filed AS (
      INSERT INTO "WebhookDelivery" (id, "webhookId", event, "jobId", body)
      SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), hook.id, 'job.' || status, finished.id,
        json_build_object('finishedAt', (extract(epoch FROM now()) * 1000)::int8,
          ${Object.keys(columns)
            .map((name) => `'${name}', finished."${name}"`)
            .join(', ')})::text
      -- The lock skips a webhook that is deleted meanwhile; its foreign key would fail the whole statement.
      FROM finished CROSS JOIN LATERAL (
        SELECT id FROM "Webhook" WHERE "Webhook"."tenantId" = finished."tenantId"
          AND 'job.' || finished.status = ANY(events) AND "disabledAt" IS NULL
        FOR KEY SHARE
      ) AS hook
    ), tallied AS (
      INSERT INTO "Tally" AS tally (name, shard, value)
      SELECT 'jobs.' || status, floor(random() * ${tallyShards})::int, count(*) FROM finished GROUP BY status
      ON CONFLICT (name, shard) DO UPDATE SET value = tally.value + excluded.value
    )`

/** The body to send for what the outbox has. Test events and rows of earlier releases are complete bodies. */
export function deliveryBody(stored: string): string {
  const { success, data } = finishedJobSchema.safeParse(JSON.parse(stored))
  return success ? JSON.stringify(webhookBody(data)) : stored
}

function webhookBody(job: FinishedJob): WebhookBody {
  const { id, status, name, epoch, epochs, bestEpoch, modelId, errorCode, errorMessage, errorEpoch } = job
  const { loss, accuracy, valLoss, valAccuracy } = job
  return {
    type: `job.${status}`,
    timestamp: new Date(job.finishedAt).toISOString(),
    data: {
      jobId: id,
      name,
      status,
      epoch,
      epochs,
      bestEpoch,
      metrics: { loss, accuracy, valLoss, valAccuracy },
      modelId,
      error: errorCode === null ? null : { code: errorCode, message: errorMessage ?? '', epoch: errorEpoch },
      links: { job: `/jobs/${id}` },
    },
  }
}

export function webhookTestBody(webhookId: string): WebhookTestBody {
  return {
    type: testEvent,
    timestamp: new Date().toISOString(),
    data: { webhookId, links: { webhook: `/webhooks/${webhookId}` } },
  }
}
