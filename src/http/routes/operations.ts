/** Whether the service lives, whether it can do its work, and how it does it. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { Problem } from '../../contract/problems.js'
import type { Live } from '../../live/live.js'
import type { FigureStore } from '../../training/ports.js'
import type { Metrics } from '../plugins/metrics.js'
import { failures } from '../responses.js'

const backendSchema = z.object({
  name: z.string().describe('native, wasm or reference'),
  passedOver: z
    .array(z.object({ name: z.string(), reason: z.string() }))
    .describe('faster ones that do not run here'),
})
type Backend = z.infer<typeof backendSchema>

export interface Readiness {
  /** Names of the parts that cannot work now; empty when all can. */
  missing(): Promise<string[]>
  /** The engine's backend in this process, and why no faster one. */
  backend: Backend
}

export interface OperationRoutes {
  readiness: Readiness
  metrics: Metrics
  figures: Pick<FigureStore, 'read'>
  live: Pick<Live, 'watchers'>
}

export const operationRoutes: FastifyPluginCallbackZod<OperationRoutes> = (
  app,
  { readiness, metrics, figures, live },
  done,
) => {
  app.get(
    '/health/live',
    {
      config: { scope: 'public' },
      schema: {
        tags: ['operations'],
        summary: 'Is the process alive?',
        response: { 200: z.object({ status: z.literal('live') }), ...failures },
      },
    },
    () => ({ status: 'live' as const }),
  )

  app.get(
    '/health/ready',
    {
      config: { scope: 'public' },
      schema: {
        tags: ['operations'],
        summary: 'Can it work? (database, queue, a worker seen)',
        response: { 200: z.object({ status: z.literal('ready'), backend: backendSchema }), ...failures },
      },
    },
    async () => {
      const missing = await readiness.missing()
      if (missing.length > 0) throw new Problem('unavailable', `Not ready: ${missing.join(', ')}.`)
      return { status: 'ready' as const, backend: readiness.backend }
    },
  )

  app.get(
    '/metrics',
    {
      config: { scope: 'metrics:read' },
      schema: {
        tags: ['operations'],
        summary: 'Figures for Prometheus',
        response: {
          200: {
            description: 'in the text format of Prometheus',
            content: { 'text/plain': { schema: z.string() } },
          },
          ...failures,
        },
      },
    },
    async (_request, reply) => {
      const text = await metrics.render(figures, live.watchers)
      return reply.type(metrics.contentType).serializer(String).send(text)
    },
  )

  done()
}
