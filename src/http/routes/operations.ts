/** Whether the service lives, whether it can do its work, and how it does it. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { Problem } from '../../contract/problems.js'
import { type WorkersSummary, workerSchema, workersSummarySchema } from '../../contract/worker.js'
import type { Live } from '../../live/live.js'
import type { FigureStore } from '../../training/ports/figures.js'
import type { WorkerStore } from '../../training/ports/workers.js'
import type { Metrics } from '../plugins/metrics.js'
import { defaultLimit, pageParameters } from '../query.js'
import { failures, listOf, toList } from '../responses.js'

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
  workers(): Promise<WorkersSummary>
  /** The engine's backend in this process, and why no faster one. */
  backend: Backend
}

export interface OperationRoutes {
  readiness: Readiness
  metrics: Metrics
  figures: Pick<FigureStore, 'read'>
  live: Pick<Live, 'watchers'>
  workers: Pick<WorkerStore, 'list'>
}

export const operationRoutes: FastifyPluginCallbackZod<OperationRoutes> = (
  app,
  { readiness, metrics, figures, live, workers },
  done,
) => {
  /** Shared by the requests that arrive during it: nobody needs a key to ask. */
  let checking: ReturnType<typeof check> | null = null

  async function check() {
    const missing = await readiness.missing()
    if (missing.length > 0) throw new Problem('unavailable', `Not ready: ${missing.join(', ')}.`)
    const { backend } = readiness
    return { status: 'ready' as const, backend, workers: await readiness.workers() }
  }

  app.get(
    '/health/live',
    {
      config: { scope: 'public' },
      schema: {
        tags: ['operations'],
        summary: 'Check that the process lives',
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
        summary: 'Check the database, the queue and the workers',
        response: {
          200: z.object({
            status: z.literal('ready'),
            backend: backendSchema,
            workers: workersSummarySchema.describe('those that reported in the last 10 s'),
          }),
          ...failures,
        },
      },
    },
    () => {
      checking ??= check().finally(() => {
        checking = null
      })
      return checking
    },
  )

  app.get(
    '/workers',
    {
      config: { scope: 'metrics:read' },
      schema: {
        tags: ['operations'],
        summary: 'List the worker processes, newest first',
        description: 'Of all tenants together, like `/metrics`. Who has not reported for 10 s is left out.',
        querystring: z.strictObject(pageParameters),
        response: { 200: listOf(workerSchema), ...failures },
      },
    },
    async ({ query: { after, limit = defaultLimit } }) => toList(await workers.list({ after, limit })),
  )

  app.get(
    '/metrics',
    {
      config: { scope: 'metrics:read' },
      schema: {
        tags: ['operations'],
        summary: 'Metrics for Prometheus',
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
