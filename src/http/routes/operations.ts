/** Whether the service lives, and whether it can do its work. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { Problem } from '../../contract/problems.js'
import { failures } from '../responses.js'

export interface Readiness {
  /** Names of the parts that cannot work now; empty when all can. */
  missing(): Promise<string[]>
}

export const operationRoutes: FastifyPluginCallbackZod<{ readiness: Readiness }> = (
  app,
  { readiness },
  done,
) => {
  app.get(
    '/health/live',
    {
      schema: {
        tags: ['operations'],
        summary: 'Is the process alive?',
        response: { 200: z.object({ status: z.literal('live') }), ...failures },
      },
    },
    async () => ({ status: 'live' as const }),
  )

  app.get(
    '/health/ready',
    {
      schema: {
        tags: ['operations'],
        summary: 'Can it work? (database, queue, a worker seen)',
        response: { 200: z.object({ status: z.literal('ready') }), ...failures },
      },
    },
    async () => {
      const missing = await readiness.missing()
      if (missing.length > 0) throw new Problem('unavailable', `Not ready: ${missing.join(', ')}.`)
      return { status: 'ready' as const }
    },
  )

  done()
}
