/** What a tenant may have, and has used of it. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { limitsStatus, limitsStatusSchema } from '../../contract/limits.js'
import type { TenantStore } from '../../training/ports/tenants.js'
import { callerOf } from '../caller.js'
import type { OpenSockets } from '../open-sockets.js'
import type { RequestRate } from '../plugins/rate-limit.js'
import { failures } from '../responses.js'

export interface LimitRoutes {
  tenants: Pick<TenantStore, 'use'>
  requestRate: Pick<RequestRate, 'used'>
  openSockets: Pick<OpenSockets, 'of'>
}

export const limitRoutes: FastifyPluginCallbackZod<LimitRoutes> = (
  app,
  { tenants, requestRate, openSockets },
  done,
) => {
  app.get(
    '/limits',
    {
      config: { scope: 'any' },
      schema: {
        tags: ['operations'],
        summary: 'Get the limits of the tenant and what it uses',
        description:
          'Requests and streams are those of the API process that answers; everything else is of all processes together.',
        response: { 200: limitsStatusSchema, ...failures },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const { tenantId, limits } = caller
      return limitsStatus(tenantId, limits, {
        ...(await tenants.use(tenantId)),
        requestsPerMinute: requestRate.used(caller),
        sockets: openSockets.of(tenantId),
      })
    },
  )

  done()
}
