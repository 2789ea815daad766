/** The webhooks of all tenants, without their secrets and the paths of their addresses. */
import { z } from 'zod'
import { type TenantWebhook, webhookEventSchema } from '../contract/webhook.js'
import type { WebhookAdministration } from '../training/ports/webhooks.js'
import { audit } from './audit.js'
import type { Database } from './database.js'
import { pageByPosition, unknownCursor } from './pages.js'
import { query, send, statement } from './statements.js'

const webhookRow = z.strictObject({
  id: z.string(),
  tenantId: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  createdAt: z.date(),
  failingSince: z.date().nullable(),
  disabledAt: z.date().nullable(),
  disabledReason: z.string().nullable(),
})

const columns = 'id, "tenantId", url, events, "createdAt", "failingSince", "disabledAt", "disabledReason"'

const getStatement = statement('getAnyWebhook', webhookRow, `SELECT ${columns} FROM "Webhook" WHERE id = $1`)

/** $1, $2 and $3 tenant, time and id of the position after which the list begins, $4 maximum number. */
const listStatement = statement(
  'listAllWebhooks',
  webhookRow,
  `SELECT ${columns} FROM "Webhook" WHERE ("tenantId", "createdAt", id) > ($1::text, $2::timestamptz, $3::text)
    ORDER BY "tenantId", "createdAt", id LIMIT $4::int`,
)

/** As above, of the tenant $1 only. */
const listOfTenantStatement = statement(
  'listWebhooksOfTenant',
  webhookRow,
  `SELECT ${columns} FROM "Webhook" WHERE "tenantId" = $1 AND ("createdAt", id) > ($2::timestamptz, $3::text)
    ORDER BY "createdAt", id LIMIT $4::int`,
)

/** $1 webhook, $2 reason; null enables it. */
const disableStatement = statement(
  'disableWebhook',
  webhookRow,
  `UPDATE "Webhook" SET "disabledReason" = $2, "disabledAt" = CASE WHEN $2::text IS NOT NULL THEN now() END,
      "failingSince" = CASE WHEN $2::text IS NOT NULL THEN "failingSince" END
    WHERE id = $1 RETURNING ${columns}`,
)

export function webhookAdministration(database: Database): WebhookAdministration {
  return {
    async list(tenantId, page) {
      const { after, limit } = page
      const [cursor] = after === undefined ? [] : await send(database.pool, getStatement, [after])
      const isListed = cursor !== undefined && (tenantId === undefined || cursor.tenantId === tenantId)
      if (after !== undefined && !isListed) throw unknownCursor()
      const position = [cursor?.createdAt ?? '-infinity', cursor?.id ?? '', limit + 1]
      const rows =
        tenantId === undefined
          ? await send(database.pool, listStatement, [cursor?.tenantId ?? '', ...position])
          : await send(database.pool, listOfTenantStatement, [tenantId, ...position])
      return pageByPosition(rows, page, toWebhook, ({ id }) => id)
    },

    disable: (id, reason, actor) =>
      database.$transaction(async (client) => {
        const [row] = await query(client, disableStatement, [id, reason])
        if (row === undefined) return null
        const { tenantId } = row
        const action = reason === null ? 'webhook.enabled' : 'webhook.disabled'
        const details = reason === null ? {} : { reason }
        await audit(client, actor, { action, tenantId, target: id, details })
        return toWebhook(row)
      }),
  }
}

function toWebhook({ url, ...row }: z.infer<typeof webhookRow>): TenantWebhook {
  return {
    ...row,
    object: 'tenantWebhook',
    host: new URL(url).host,
    events: z.array(webhookEventSchema).parse(row.events),
    status: row.disabledAt === null ? 'active' : 'disabled',
    createdAt: row.createdAt.toISOString(),
    failingSince: row.failingSince?.toISOString() ?? null,
    disabledAt: row.disabledAt?.toISOString() ?? null,
  }
}
