/** Sums of what tenants used, which the trigger "countUsage" maintains when jobs end. */
import { z } from 'zod'
import { type Usage, usageDaySchema } from '../contract/usage.js'
import type { UsageFilter, UsageStore } from '../training/ports/usage.js'
import type { Database } from './database.js'
import { pageByPosition, unknownCursor } from './pages.js'
import { send, statement } from './statements.js'

const usageRow = z.strictObject({
  tenantId: z.string(),
  day: z.string().nullable(),
  succeeded: z.number(),
  failed: z.number(),
  cancelled: z.number(),
  threadSeconds: z.number(),
  epochs: z.number(),
})

const sums = `sum(succeeded) AS succeeded, sum(failed) AS failed, sum(cancelled) AS cancelled,
      sum("threadSeconds") AS "threadSeconds", sum(epochs) AS epochs`

/** $1 first and $2 last day, $3 maximum number, $4 tenant after which the list begins, or the tenant. */
const totalStatement = (name: string, condition: string) =>
  statement(
    name,
    usageRow,
    `SELECT "tenantId", NULL::text AS day, ${sums} FROM "TenantUsage"
      WHERE "TenantUsage".day BETWEEN $1::date AND $2::date AND ${condition}
      GROUP BY "tenantId" ORDER BY "tenantId" LIMIT $3::int`,
  )

/** As above; $5 the day after which the list begins. */
const dailyStatement = (name: string, condition: string) =>
  statement(
    name,
    usageRow,
    `SELECT "tenantId", to_char("TenantUsage".day, 'YYYY-MM-DD') AS day, ${sums} FROM "TenantUsage"
      WHERE "TenantUsage".day BETWEEN $1::date AND $2::date AND ${condition}
      GROUP BY "tenantId", "TenantUsage".day ORDER BY "tenantId", "TenantUsage".day LIMIT $3::int`,
  )

/** Of all tenants, and of one. */
const totals = [
  totalStatement('usageTotals', '"tenantId" > $4::text'),
  totalStatement('usageTotalOfTenant', '"tenantId" = $4::text'),
] as const
const days = [
  dailyStatement('usageDays', '("tenantId", "TenantUsage".day) > ($4::text, $5::date)'),
  dailyStatement('usageDaysOfTenant', '"tenantId" = $4::text AND "TenantUsage".day > $5::date'),
] as const

export function usageStore({ pool }: Pick<Database, 'pool'>): UsageStore {
  return {
    async list(filter, page) {
      const { tenantId, isTotal, from, to } = filter
      const position = readPosition(page.after, filter)
      // A total of one tenant is one item.
      const isOver = isTotal && tenantId !== undefined && page.after !== undefined
      if (isOver) return { data: [], hasMore: false, lastId: null }
      const values = [from, to, page.limit + 1, tenantId ?? position.tenantId]
      const [all, ofTenant] = isTotal ? totals : days
      const rows = await send(pool, tenantId === undefined ? all : ofTenant, [
        ...values,
        ...(isTotal ? [] : [position.day]),
      ])
      return pageByPosition(rows, page, toUsage, toCursor)
    },
  }
}

type Row = z.infer<typeof usageRow>

/** After a tenant and day: `<tenant>~<day>`. After a total: the tenant. */
const toCursor = ({ tenantId, day }: Row) => (day === null ? tenantId : `${tenantId}~${day}`)

/** The tenant and day after which the page begins. */
function readPosition(
  after: string | undefined,
  { isTotal, tenantId: only }: Pick<UsageFilter, 'isTotal' | 'tenantId'>,
): { tenantId: string; day: string } {
  const { tenantId = '', day = '-infinity' } = after === undefined ? {} : splitCursor(after)
  const isOfList =
    after === undefined || (isTotal === (day === '-infinity') && tenantId === (only ?? tenantId))
  if (!isOfList) throw unknownCursor()
  return { tenantId, day }
}

function splitCursor(cursor: string): { tenantId: string; day?: string } {
  const [tenantId, day, ...others] = cursor.split('~')
  if (day === undefined) return { tenantId }
  if (others.length > 0 || !usageDaySchema.safeParse(day).success) throw unknownCursor()
  return { tenantId, day }
}

function toUsage({ tenantId, day, succeeded, failed, cancelled, threadSeconds, epochs }: Row): Usage {
  return {
    object: 'usage',
    tenantId,
    day,
    jobs: { succeeded, failed, cancelled },
    threadSeconds,
    epochs,
  }
}
