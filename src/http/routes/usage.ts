/** What tenants used, for operators and their invoices, and what a tenant used for itself, as JSON or CSV. */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { tenantIdSchema } from '../../contract/key.js'
import { maximumUsageDays, type Usage, usageDaySchema, usageSchema } from '../../contract/usage.js'
import type { UsageFilter, UsageStore } from '../../training/ports/usage.js'
import { usageDays } from '../../training/usage-days.js'
import { addVary } from '../plugins/cross-origin.js'
import { requirePrincipal } from '../principal.js'
import { defaultLimit, pageParameters } from '../query-parameters.js'
import { failures, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

type UsageQuery = z.output<z.ZodObject<typeof parameters>> & { tenant?: string | undefined }

export interface UsageRoutes {
  usage: UsageStore
}

const description =
  'Each job counts on the day, in UTC, on which it ended. Days without such jobs are omitted. ' +
  '`Accept: text/csv` selects CSV, which has all items in one response.'

const parameters = {
  ...pageParameters,
  from: usageDaySchema.optional().describe('first day; by default the first of the month of `to`'),
  to: usageDaySchema
    .optional()
    .describe(`last day, today by default; at most ${maximumUsageDays} days in all`),
  totals: z
    .enum(['true', 'false'])
    .optional()
    .describe('`true` sums all days: one item a tenant instead of one a day'),
}

const response = {
  200: {
    description: 'usage in order',
    content: {
      'application/json': { schema: listSchema(usageSchema) },
      // A stream of a string.
      'text/csv': { schema: z.unknown().meta({ type: 'string' }) },
    },
  },
  ...failures,
}

export const usageRoutes: RoutePlugin<UsageRoutes> = (app, { dependencies }, done) => {
  /** JSON, or all items as CSV. */
  async function answer(request: FastifyRequest, reply: FastifyReply, query: UsageQuery) {
    const { tenant, totals, after, limit = defaultLimit, ...days } = query
    const { usage } = dependencies()
    const filter = { ...usageDays(days), tenantId: tenant, isTotal: totals === 'true' }
    const isCsv = request.accepts().type(['json', 'text/csv']) === 'text/csv'
    addVary(reply, 'accept')
    if (!isCsv) return toList(await usage.list(filter, { after, limit }))
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="usage-${filter.from}-${filter.to}.csv"`)
      .send(Readable.from(csvTexts(usage, filter), { objectMode: false }))
  }

  app.get(
    '/admin/usage',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['administration'],
        operationId: 'listUsage',
        summary: 'List what tenants used, by tenant and day',
        description,
        querystring: z.strictObject({
          ...parameters,
          tenant: tenantIdSchema.optional().describe('only this tenant'),
        }),
        response,
      },
    },
    (request, reply) => answer(request, reply, request.query),
  )

  app.get(
    '/usage',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['operations'],
        operationId: 'listOwnUsage',
        summary: 'List what the tenant used, by day',
        description,
        querystring: z.strictObject(parameters),
        response,
      },
    },
    (request, reply) => {
      const { tenantId } = requirePrincipal(request)
      return answer(request, reply, { ...request.query, tenant: tenantId })
    },
  )

  done()
}

/** Items of the CSV that are read at once. */
const csvPage = 1_000

async function* csvTexts(usage: UsageStore, filter: UsageFilter): AsyncGenerator<string> {
  yield 'tenant,day,succeeded,failed,cancelled,threadSeconds,epochs\n'
  let after: string | undefined
  for (;;) {
    const page = await usage.list(filter, { after, limit: csvPage })
    if (page.data.length > 0) yield page.data.map(csvLine).join('')
    if (!page.hasMore || page.lastId === null) return
    after = page.lastId
  }
}

/** No value needs quotes: ids of tenants have letters, digits and hyphens. */
function csvLine({ tenantId, day, jobs, threadSeconds, epochs }: Usage): string {
  const { succeeded, failed, cancelled } = jobs
  return `${[tenantId, day ?? '', succeeded, failed, cancelled, threadSeconds, epochs].join(',')}\n`
}
