/** Webhooks; the outbox of their deliveries is deliveries.ts. */
import { z } from 'zod'
import { Problem } from '../contract/problems.js'
import { maximumWebhooks, type Webhook, webhookEventSchema } from '../contract/webhook.js'
import type { WebhookStore } from '../training/ports.js'
import type { Database } from './database.js'
import { deliveries, toDelivery } from './deliveries.js'
import type { Webhook as WebhookRow } from './generated/client.js'
import { createOnce } from './idempotency.js'
import { behind, newestFirst, placeInList, toPage } from './pages.js'

const shownDeliveries = 20

export function webhookStore(database: Database): WebhookStore {
  return {
    ...deliveries(database),

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

    async enable(tenantId, id) {
      const [row] = await database.webhook.updateManyAndReturn({
        where: { id, tenantId },
        data: { disabledAt: null, disabledReason: null, failingSince: null },
      })
      return row === undefined ? null : toWebhook(row)
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
    status: row.disabledAt === null ? 'active' : 'disabled',
    failingSince: row.failingSince?.toISOString() ?? null,
    disabledAt: row.disabledAt?.toISOString() ?? null,
    disabledReason: row.disabledReason,
    createdAt: row.createdAt.toISOString(),
    links: { self: `/webhooks/${row.id}` },
  }
}
