import { limitsStatus, limitsStatusSchema } from '../../contract/limits.js'
import type { TenantStore } from '../../training/ports/tenants.js'
import type { OpenStreams } from '../open-streams.js'
import type { RequestRate } from '../plugins/rate-limit.js'
import { requirePrincipal } from '../principal.js'
import { failures } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface LimitRoutes {
  tenants: Pick<TenantStore, 'use'>
  requestRate: Pick<RequestRate, 'used'>
  openStreams: Pick<OpenStreams, 'count'>
}

export const limitRoutes: RoutePlugin<LimitRoutes> = (app, { dependencies }, done) => {
  app.get(
    '/limits',
    {
      config: { scope: 'any' },
      schema: {
        tags: ['operations'],
        operationId: 'getLimits',
        summary: 'Get the limits of the tenant and what it uses',
        description:
          'Requests and streams are counted by the API process that answers, everything else over all processes.',
        response: { 200: limitsStatusSchema, ...failures },
      },
    },
    async (request) => {
      const { tenants, requestRate, openStreams } = dependencies()
      const principal = requirePrincipal(request)
      const { tenantId, limits } = principal
      return limitsStatus(tenantId, limits, {
        ...(await tenants.use(tenantId)),
        requestsPerMinute: requestRate.used(principal),
        sockets: openStreams.count(tenantId),
      })
    },
  )

  done()
}
