/** Webhooks and the outbox of their deliveries. Deliveries are filed by the statement that ends a job: job-ends.ts. */
import { z } from 'zod'
import { Problem } from '../contract/problems.js'
import { maximumWebhooks, type Webhook, webhookEventSchema } from '../contract/webhook.js'
import type { DueDelivery, WebhookStore } from '../training/ports.js'
import { type Database, type Statement, send } from './database.js'
import type { WebhookDelivery as DeliveryRow, Webhook as WebhookRow } from './generated/client.js'
import { createOnce } from './idempotency.js'
import { behind, newestFirst, placeInList, toPage } from './pages.js'

const shownDeliveries = 20

/** Sent at every end of a job. */
const claimStatement: Statement = {
  name: 'claimDeliveries',
  text: `
    SELECT delivery.id, "webhookId", url, secret, body, attempts
    FROM "claimDeliveries"($1::int, $2::float8, $3::int, $4::int) AS delivery
    JOIN "Webhook" ON "Webhook".id = "webhookId"`,
}

export function webhookStore(database: Database): WebhookStore {
  return {
    async create(webhook, once) {
      return createOnce(database, once, async (client) => {
        const lock = JSON.stringify(['webhooks of', webhook.tenantId])
        await client.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${lock}, 0))::text`
        const count = await client.webhook.count({ where: { tenantId: webhook.tenantId } })
        if (count >= maximumWebhooks) {
          const message = `There are ${count} webhooks already; ${maximumWebhooks} are allowed. Delete one first.`
          throw new Problem('too-many-webhooks', message)
        }
        const row = await client.webhook.create({ data: webhook })
        return { ...toWebhook(row), secret: row.secret }
      })
    },

    async list(tenantId, { limit, after }) {
      const position = await behind(after, (id) =>
        database.webhook.findUnique({ where: { id, tenantId }, select: placeInList }),
      )
      const rows = await database.webhook.findMany({
        where: { ...position, tenantId },
        orderBy: [...newestFirst],
        take: limit + 1,
      })
      return toPage(rows, { limit }, toWebhook)
    },

    async get(tenantId, id) {
      const row = await database.webhook.findUnique({
        where: { id, tenantId },
        include: { deliveries: { orderBy: { createdAt: 'desc' }, take: shownDeliveries } },
      })
      return row === null ? null : { ...toWebhook(row), deliveries: row.deliveries.map(toDelivery) }
    },

    async delete(tenantId, id) {
      const { count } = await database.webhook.deleteMany({ where: { id, tenantId } })
      return count > 0
    },

    async claim(room, leaseSeconds) {
      const values = [room.attempts, leaseSeconds, room.perTenant, room.perWebhook]
      return send<DueDelivery>(database.pool, claimStatement, values)
    },

    async record({ id, attempts }, outcome) {
      const { delivered, status, error, retrySeconds } = outcome
      // An attempt that was made again meanwhile is the other one's to record.
      await database.$executeRaw`
        UPDATE "WebhookDelivery" SET
          "deliveredAt" = CASE WHEN ${delivered}::boolean THEN now() END,
          "claimedUntil" = NULL,
          "nextAttemptAt" = now() + ${retrySeconds}::float8 * interval '1 second',
          "lastStatus" = ${status}::int, "lastError" = ${error}
        WHERE id = ${id} AND attempts = ${attempts}::int`
    },

    async sweep() {
      await database.$executeRaw`
        DELETE FROM "WebhookDelivery" WHERE "createdAt" < now() - interval '7 days' AND "nextAttemptAt" IS NULL`
    },
  }
}

function toWebhook(row: WebhookRow): Webhook {
  return {
    id: row.id,
    object: 'webhook',
    url: row.url,
    events: z.array(webhookEventSchema).parse(row.events),
    createdAt: row.createdAt.toISOString(),
    links: { self: `/webhooks/${row.id}` },
  }
}

function toDelivery(row: DeliveryRow) {
  return {
    id: row.id,
    event: webhookEventSchema.parse(row.event),
    jobId: row.jobId,
    createdAt: row.createdAt.toISOString(),
    attempts: row.attempts,
    deliveredAt: row.deliveredAt?.toISOString() ?? null,
    nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
    lastStatus: row.lastStatus,
    lastError: row.lastError,
  }
}
