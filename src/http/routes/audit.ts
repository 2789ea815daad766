/** The audit log, for operators. */
import { z } from 'zod'
import { auditActionSchema, auditEntrySchema } from '../../contract/audit.js'
import { tenantIdSchema } from '../../contract/key.js'
import type { AuditStore } from '../../training/ports/audit.js'
import { defaultLimit, pageParameters } from '../query-parameters.js'
import { failures, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface AuditRoutes {
  audit: Pick<AuditStore, 'list'>
}

const time = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .optional()

export const auditRoutes: RoutePlugin<AuditRoutes> = (app, { dependencies }, done) => {
  app.get(
    '/admin/audit',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['administration'],
        operationId: 'listAuditEntries',
        summary: 'List the audit log, newest first',
        description:
          'Who changed tenants, keys, limits, webhooks, share links and workshops, or deleted data. Entries have no ' +
          'secrets, and are deleted after AUDIT_DAYS. Of an action that a key may repeat, the first 100 a day have ' +
          'separate entries, and one more counts the further ones.',
        querystring: z.strictObject({
          ...pageParameters,
          tenant: tenantIdSchema.optional().describe('only changes that concern this tenant'),
          action: auditActionSchema.optional(),
          since: time.describe('only entries from this time on'),
          until: time.describe('only entries before this time'),
        }),
        response: { 200: listSchema(auditEntrySchema), ...failures },
      },
    },
    async (request) => {
      const { tenant, action, since, until, after, limit = defaultLimit } = request.query
      return toList(
        await dependencies().audit.list({ tenantId: tenant, action, since, until }, { after, limit }),
      )
    },
  )

  done()
}
