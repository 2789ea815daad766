/** Webhooks. Their deliveries are in deliveries.ts. */
import { z } from 'zod'
import { Problem } from '../contract/problems.js'
import {
  type CreatedWebhook,
  maximumWebhooks,
  type RegisteredWebhook,
  type Webhook,
  webhookEventSchema,
} from '../contract/webhook.js'
import type { SecretBox, WebhookStore } from '../training/ports/webhooks.js'
import type { DeliveryStore } from '../webhooks/delivery-store.js'
import { audit } from './audit.js'
import type { Database, Prisma } from './database.js'
import { deliveries, lockWebhook, toDelivery } from './deliveries.js'
import type { Webhook as WebhookRow } from './generated/client.js'
import { createOnce } from './idempotency.js'
import { afterCursor, cursorColumns, newestFirst, toPage } from './pages.js'
import { noRow, query, statement } from './statements.js'
import { lockStatement } from './tenant-limits.js'
import { replaceSecret, requireBox, sealedSecret } from './webhook-secrets.js'

const shownDeliveries = 20

const withoutSecret = (webhook: CreatedWebhook): RegisteredWebhook => ({
  ...webhook,
  secret: null,
  notice:
    'The secret was shown in the first response only. POST /webhooks/{id}/rotate-secret creates another.',
})

const cleanUpStatement = statement(
  'cleanUpDeliveries',
  noRow,
  `DELETE FROM "WebhookDelivery" WHERE "createdAt" < now() - interval '7 days' AND "nextAttemptAt" IS NULL`,
)

/** Without a box, webhooks can neither be registered nor sent to. */
export function webhookStore(database: Database, box: SecretBox | null): WebhookStore & DeliveryStore {
  return {
    ...deliveries(database, box),

    async create(webhook, actor, once) {
      const { secret, ...data } = webhook
      const sealed = sealedSecret(requireBox(box), webhook.id, secret)
      const createWithin = async (client: Prisma.TransactionClient): Promise<CreatedWebhook> => {
        await query(client, lockStatement, [JSON.stringify(['webhooks of', webhook.tenantId])])
        const count = await client.webhook.count({ where: { tenantId: webhook.tenantId } })
        if (count >= maximumWebhooks) {
          const message = `Webhook limit reached: ${count} of ${maximumWebhooks}. Delete one first.`
          throw new Problem('too-many-webhooks', message)
        }
        const row = await client.webhook.create({ data: { ...data, secrets: { create: sealed } } })
        const { id, tenantId, url, events } = webhook
        const details = { host: new URL(url).host, events }
        await audit(client, actor, { action: 'webhook.created', tenantId, target: id, details })
        return { ...toWebhook(row), secret }
      }
      return database.inTransaction(webhook.tenantId, (client) =>
        createOnce(client, once, () => createWithin(client), withoutSecret),
      )
    },

    async rotate(tenantId, id, { secret, overlapSeconds }, actor) {
      const keys = requireBox(box)
      return database.inTransaction(tenantId, async (client) => {
        if (!(await lockWebhook(client, tenantId, id))) return null
        const endsAt = await replaceSecret(client, keys, { webhookId: id, secret, overlapSeconds })
        const row = await client.webhook.findUniqueOrThrow({ where: { id } })
        const previousSecretExpiresAt = endsAt?.toISOString() ?? null
        const details = { previousSecretExpiresAt }
        await audit(client, actor, { action: 'webhook.secretRotated', tenantId, target: id, details })
        return { ...toWebhook(row), secret, previousSecretExpiresAt }
      })
    },

    async list(tenantId, { limit, after }) {
      const position = await afterCursor(after, (id) =>
        database.webhook.findUnique({ where: { id, tenantId }, select: cursorColumns }),
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

    delete: (tenantId, id, actor) =>
      database.inTransaction(tenantId, async (client) => {
        const where = { id, tenantId }
        const webhook = await client.webhook.findUnique({ where, select: { url: true } })
        const { count } = await client.webhook.deleteMany({ where })
        if (webhook === null || count === 0) return false
        const details = { host: new URL(webhook.url).host }
        await audit(client, actor, { action: 'webhook.deleted', tenantId, target: id, details })
        return true
      }),

    enable: (tenantId, id, actor) =>
      database.inTransaction(tenantId, async (client) => {
        const [row] = await client.webhook.updateManyAndReturn({
          where: { id, tenantId },
          data: { disabledAt: null, disabledReason: null, failingSince: null },
        })
        if (row === undefined) return null
        await audit(client, actor, { action: 'webhook.enabled', tenantId, target: id })
        return toWebhook(row)
      }),

    async cleanUp() {
      await query(database, cleanUpStatement, [])
      await database.webhookSecret.deleteMany({ where: { expiresAt: { lt: new Date() } } })
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
