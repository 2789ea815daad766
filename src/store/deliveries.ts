/** Deliveries of webhooks. The statement that finishes a job inserts them (outbox.ts). */
import { z } from 'zod'
import { type Delivery, deliveryEventSchema, disabledAfterDays, testEvent } from '../contract/webhook.js'
import type { SecretBox, WebhookStore } from '../training/ports/webhooks.js'
import type { DeliveryStore } from '../webhooks/delivery-store.js'
import type { Database, Prisma } from './database.js'
import { deliveryBody, webhookTestBody } from './outbox.js'
import { idRow, noRow, query, send, statement } from './statements.js'

const claimedRowSchema = z.strictObject({
  id: z.string(),
  webhookId: z.string(),
  event: z.string(),
  jobId: z.string().nullable(),
  tenantId: z.string(),
  traceId: z.string().nullable(),
  spanId: z.string().nullable(),
  isSampled: z.boolean().nullable(),
  url: z.string(),
  body: z.string(),
  attempts: z.int(),
  attemptsBefore: z.int(),
  sealed: z.array(z.string()),
})

const deliveryRowSchema = z.strictObject({
  id: z.string(),
  event: z.string(),
  jobId: z.string().nullable(),
  createdAt: z.date(),
  attempts: z.int(),
  deliveredAt: z.date().nullable(),
  nextAttemptAt: z.date().nullable(),
  lastStatus: z.int().nullable(),
  lastError: z.string().nullable(),
})
type DeliveryRow = z.infer<typeof deliveryRowSchema>

/** Sent at the end of every job. */
const claimStatement = statement(
  'claimDeliveries',
  claimedRowSchema,
  `
    SELECT delivery.id, "webhookId", event, "jobId", "Webhook"."tenantId", "traceId", "spanId", "isSampled", url, body,
      delivery.attempts, "attemptsBefore", ARRAY(
      SELECT sealed FROM "WebhookSecret" AS secret
      WHERE secret."webhookId" = delivery."webhookId" AND ("expiresAt" IS NULL OR "expiresAt" > now())
      ORDER BY "expiresAt" DESC NULLS FIRST) AS sealed
    FROM "claimDeliveries"($1::int, $2::float8, $3::int, $4::int) AS delivery
    JOIN "Webhook" ON "Webhook".id = "webhookId"
    LEFT JOIN "Job" AS job ON job.id = "jobId"`,
)

/**
 * Locks the webhook first, as its deletion does. Ignores an attempt if a later one has begun.
 * $1 delivery, $2 webhook, $3 attempts, $4 result, $5 status, $6 error, $7 seconds until the next attempt.
 */
const recordStatement = statement(
  'recordDelivery',
  z.strictObject({ disables: z.boolean(), tenantId: z.string() }),
  `
    WITH hook AS (
      SELECT * FROM "Webhook" WHERE id = $2 FOR NO KEY UPDATE
    ), verdict AS (
      SELECT id, "disabledAt" IS NULL AND $4 = 'failed'
        AND coalesce("failingSince" <= now() - interval '${disabledAfterDays} days', false) AS disables,
        "disabledAt" IS NOT NULL AS "wasDisabled" FROM hook
    ), recorded AS (
      UPDATE "WebhookDelivery" AS delivery SET
        "claimedUntil" = NULL,
        -- An interrupted attempt does not count in the schedule.
        "attemptsBefore" = "attemptsBefore" + ($4 = 'interrupted')::int,
        "deliveredAt" = CASE WHEN $4 = 'delivered' THEN now() ELSE "deliveredAt" END,
        "nextAttemptAt" = CASE WHEN NOT (disables OR "wasDisabled" AND $4 = 'failed') THEN
          now() + $7::float8 * interval '1 second' END,
        "lastStatus" = $5::int, "lastError" = $6
      FROM verdict
      WHERE delivery.id = $1 AND "webhookId" = verdict.id AND attempts = $3::int
      RETURNING "webhookId", disables
    ), dropped AS (
      UPDATE "WebhookDelivery" AS delivery SET "nextAttemptAt" = NULL FROM recorded
      WHERE disables AND delivery."webhookId" = recorded."webhookId" AND delivery.id <> $1
        AND "nextAttemptAt" IS NOT NULL AND "claimedUntil" IS NULL
    )
    UPDATE "Webhook" SET
      "failingSince" = CASE $4 WHEN 'delivered' THEN NULL WHEN 'failed' THEN coalesce("failingSince", now())
        ELSE "failingSince" END,
      "disabledAt" = CASE WHEN disables THEN now() ELSE "disabledAt" END,
      "disabledReason" = CASE WHEN disables THEN
        'No delivery has succeeded for ${disabledAfterDays} days. The last attempt: ' || $6 ELSE "disabledReason" END
    FROM recorded WHERE id = recorded."webhookId" RETURNING disables, "tenantId"`,
)

const insertTestStatement = statement(
  'insertTestDelivery',
  deliveryRowSchema,
  `
    INSERT INTO "WebhookDelivery" (id, "webhookId", event, body)
    VALUES ('msg_' || replace(gen_random_uuid()::text, '-', ''), $1, $2, $3)
    RETURNING id, event, "jobId", "createdAt", attempts, "deliveredAt", "nextAttemptAt", "lastStatus", "lastError"`,
)

const redeliverStatement = statement(
  'redeliver',
  noRow,
  `UPDATE "WebhookDelivery" SET "nextAttemptAt" = now(), "attemptsBefore" = attempts
    WHERE id = $1 AND "webhookId" = $2 AND coalesce("claimedUntil" < now(), true)`,
)

const lockStatement = statement(
  'lockWebhook',
  idRow,
  'SELECT id FROM "Webhook" WHERE id = $1 AND "tenantId" = $2 FOR NO KEY UPDATE',
)

type Deliveries = DeliveryStore & Pick<WebhookStore, 'fileTest' | 'redeliver'>

export function deliveries(database: Database, box: SecretBox | null): Deliveries {
  return {
    async claim(limits, leaseSeconds) {
      const values = [limits.attempts, leaseSeconds, limits.perTenant, limits.perWebhook]
      const rows = await send(database.pool, claimStatement, values)
      return rows.map(({ sealed, ...due }) => ({
        ...due,
        body: deliveryBody(due.body),
        secrets: sealed.flatMap((each) => box?.open(each, due.webhookId) ?? []),
      }))
    },

    async record({ id, webhookId, attempts }, { result, status, error, retrySeconds }) {
      const values = [id, webhookId, attempts, result, status, error, retrySeconds]
      const rows = await send(database.pool, recordStatement, values)
      const [row] = rows.filter(({ disables }) => disables)
      return { disabledTenantId: row?.tenantId ?? null }
    },

    async fileTest(tenantId, webhookId) {
      return database.inTransaction(tenantId, async (client) => {
        if (!(await lockWebhook(client, tenantId, webhookId))) return null
        const ofTests = { webhookId, event: testEvent }
        const pending = await client.webhookDelivery.findFirst({
          where: { ...ofTests, nextAttemptAt: { not: null } },
        })
        if (pending !== null) return toDelivery(pending)
        // Keeps only the most recent test, so that tests do not fill the outbox.
        await client.webhookDelivery.deleteMany({ where: ofTests })
        const body = JSON.stringify(webhookTestBody(webhookId))
        const values = [webhookId, testEvent, body]
        const [row] = await query(client, insertTestStatement, values)
        return toDelivery(row)
      })
    },

    async redeliver(tenantId, webhookId, id) {
      return database.inTransaction(tenantId, async (client) => {
        if (!(await lockWebhook(client, tenantId, webhookId))) return null
        // Does not change a delivery in flight.
        await query(client, redeliverStatement, [id, webhookId])
        const row = await client.webhookDelivery.findUnique({ where: { id, webhookId } })
        return row === null ? undefined : toDelivery(row)
      })
    },
  }
}

/** @returns whether the webhook exists */
export async function lockWebhook(
  client: Prisma.TransactionClient,
  tenantId: string,
  id: string,
): Promise<boolean> {
  return (await query(client, lockStatement, [id, tenantId])).length > 0
}

export function toDelivery(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    event: deliveryEventSchema.parse(row.event),
    jobId: row.jobId,
    createdAt: row.createdAt.toISOString(),
    attempts: row.attempts,
    deliveredAt: row.deliveredAt?.toISOString() ?? null,
    nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
    lastStatus: row.lastStatus,
    lastError: row.lastError,
  }
}
