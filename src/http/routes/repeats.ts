/** What the repeats and folds of a job measure, and comparisons of jobs. */
import { z } from 'zod'
import {
  curveLimits,
  jobComparisonSchema,
  repeatMetricSchema,
  repeatsSchema,
} from '../../contract/repeats.js'
import { text } from '../../contract/text.js'
import { compareJobs } from '../../training/repeats/compare-jobs.js'
import { summarizeRepeats } from '../../training/repeats/summarize.js'
import { requirePrincipal } from '../principal.js'
import { integerParameter } from '../query-parameters.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import type { EpochRoutes } from './epochs.js'
import type { SweepRoutes } from './sweeps.js'

interface RepeatRoutes extends EpochRoutes, Pick<SweepRoutes, 'sweepCreation'> {}

export const repeatRoutes: RoutePlugin<RepeatRoutes> = (app, { dependencies }, done) => {
  const openStores = (tenantId: string) => {
    const { jobs, sweepCreation, epochs } = dependencies()
    return { jobs: jobs.of(tenantId), sweeps: sweepCreation.sweeps.of(tenantId), epochs }
  }

  app.get(
    '/jobs/:id/repeats',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        summary: 'Get the mean, deviation and curves of the repeats and folds of a job',
        params: idParameters,
        querystring: z.strictObject({
          points: integerParameter(0, curveLimits.most)
            .optional()
            .describe(
              `epochs of the curves, ${curveLimits.points} by default; at most ${curveLimits.values.toLocaleString('en')} divided by the trials`,
            ),
        }),
        response: { 200: repeatsSchema, ...failures },
      },
    },
    async (request) => {
      const { tenantId } = requirePrincipal(request)
      const { points = curveLimits.points } = request.query
      return summarizeRepeats(openStores(tenantId), request.params.id, points)
    },
  )

  app.get(
    '/jobs/:id/comparison',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        summary: 'Compare a metric of two jobs with the spread of their repeats',
        description:
          'Welch’s t test over the trials of both jobs. Without repeats or folds of both, the verdict is `unknown`.',
        params: idParameters,
        querystring: z.strictObject({
          with: text(100).min(1).describe('the id of the other job'),
          metric: repeatMetricSchema
            .optional()
            .describe('default: the first of `valAccuracy`, `valLoss` and `loss` that both jobs have'),
        }),
        response: { 200: jobComparisonSchema, ...failures },
      },
    },
    async (request) => {
      const { tenantId } = requirePrincipal(request)
      const { with: other, metric } = request.query
      return compareJobs(openStores(tenantId), request.params.id, other, metric)
    },
  )

  done()
}
