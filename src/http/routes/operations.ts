/** Health, workers and metrics. */
import { z } from 'zod'
import { shareCall } from '../../base/share-call.js'
import { type Backend, livenessSchema, readinessSchema } from '../../contract/health.js'
import { Problem } from '../../contract/problems.js'
import { type WorkersSummary, workerSchema } from '../../contract/worker.js'
import type { Live } from '../../live/live.js'
import type { LiveSweeps } from '../../live/live-sweeps.js'
import type { MetricStore } from '../../training/ports/service-metrics.js'
import type { WorkerStore } from '../../training/ports/workers.js'
import type { Metrics } from '../plugins/metrics.js'
import { defaultLimit, pageParameters } from '../query-parameters.js'
import { failures, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface Readiness {
  /** Returns the names of the parts that are not available. */
  missing(): Promise<string[]>
  workers(): Promise<WorkersSummary>
  /** The backend of the engine in this process, and why faster ones are not used. */
  backend: Backend
}

export interface OperationRoutes {
  readiness: Readiness
  metrics: Metrics
  serviceMetrics: Pick<MetricStore, 'read'>
  live: Pick<Live, 'watchers'>
  liveSweeps: Pick<LiveSweeps, 'watchers'>
  workers: Pick<WorkerStore, 'list'>
}

export const operationRoutes: RoutePlugin<OperationRoutes> = (app, { dependencies }, done) => {
  /** Shared by concurrent requests, because the route needs no key. */
  const check = shareCall(async () => {
    const { readiness } = dependencies()
    const missing = await readiness.missing()
    if (missing.length > 0) throw new Problem('unavailable', `Not ready: ${missing.join(', ')}.`)
    const { backend } = readiness
    return { status: 'ready' as const, backend, workers: await readiness.workers() }
  })

  app.get(
    '/health/live',
    {
      config: { scope: 'public' },
      schema: {
        tags: ['operations'],
        operationId: 'checkLiveness',
        summary: 'Check that the process is alive',
        response: { 200: livenessSchema, ...failures },
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
        operationId: 'checkReadiness',
        summary: 'Check the database, the queue and the workers',
        response: {
          200: readinessSchema,
          ...failures,
        },
      },
    },
    check,
  )

  app.get(
    '/workers',
    {
      config: { scope: 'metrics:read', acceptsScope: 'admin' },
      schema: {
        tags: ['operations'],
        operationId: 'listWorkers',
        summary: 'List the worker processes, newest first',
        description: 'Workers serve all tenants. Those without a report for 10 s are omitted.',
        querystring: z.strictObject(pageParameters),
        response: { 200: listSchema(workerSchema), ...failures },
      },
    },
    async ({ query: { after, limit = defaultLimit } }) =>
      toList(await dependencies().workers.list({ after, limit })),
  )

  app.get(
    '/metrics',
    {
      config: { scope: 'metrics:read' },
      schema: {
        tags: ['operations'],
        operationId: 'getMetrics',
        summary: 'Get metrics for Prometheus',
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
      const { metrics, serviceMetrics, live, liveSweeps } = dependencies()
      const text = await metrics.render(serviceMetrics, live.watchers + liveSweeps.watchers)
      return reply.type(metrics.contentType).serializer(String).send(text)
    },
  )

  done()
}
