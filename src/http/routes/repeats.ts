/** What the repeats and folds of a job measure, and comparisons of jobs. */
import { z } from 'zod'
import { maximumRepeats } from '../../contract/folds.js'
import {
  curveLimits,
  jobComparisonSchema,
  outOfFoldLimits,
  outOfFoldSchema,
  repeatMetricSchema,
  repeatsSchema,
} from '../../contract/repeats.js'
import { text } from '../../contract/text.js'
import type { GeneratedData } from '../../training/generated-data.js'
import { compareJobs } from '../../training/repeats/compare-jobs.js'
import { predictOutOfFold } from '../../training/repeats/out-of-fold.js'
import { summarizeRepeats } from '../../training/repeats/summarize.js'
import { requireScope } from '../plugins/authentication.js'
import { requirePrincipal } from '../principal.js'
import { integerParameter } from '../query-parameters.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import { predictorsOf, type TracedPredictions } from '../traced-predictions.js'
import type { EpochRoutes } from './epochs.js'
import type { JobModelRoutes } from './job-models.js'
import type { SweepRoutes } from './sweeps.js'

interface RepeatRoutes
  extends EpochRoutes,
    Pick<SweepRoutes, 'sweepCreation'>,
    Pick<JobModelRoutes, 'models' | 'datasets' | 'splits'>,
    TracedPredictions {
  generated: GeneratedData
}

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
        operationId: 'getRepeats',
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
      const models = dependencies().models.of(tenantId)
      return summarizeRepeats({ ...openStores(tenantId), models }, request.params.id, points)
    },
  )

  app.get(
    '/jobs/:id/repeats/predictions',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'listOutOfFoldPredictions',
        summary: 'List the predictions of rows by the training without their fold',
        description: 'Without the test rows. Also needs the scope `datasets:read`.',
        params: idParameters,
        querystring: z.strictObject({
          offset: integerParameter(0, 2 ** 31 - 1)
            .optional()
            .describe('place of the first row, from 0'),
          limit: integerParameter(1, outOfFoldLimits.most)
            .optional()
            .describe(`number of rows, ${outOfFoldLimits.rows} by default; fewer of wide datasets`),
          repeat: integerParameter(1, maximumRepeats).optional().describe('number of the seed, 1 by default'),
        }),
        response: { 200: outOfFoldSchema, ...failures },
      },
    },
    async (request, reply) => {
      requireScope(requirePrincipal(request), reply, 'datasets:read')
      const { tenantId } = requirePrincipal(request)
      const { models, datasets, generated, splits } = dependencies()
      const predictors = predictorsOf(request, dependencies())
      const { offset = 0, limit = outOfFoldLimits.rows, repeat = 1 } = request.query
      const stores = {
        ...{ models: models.of(tenantId), datasets: datasets.of(tenantId) },
        generated: generated.of(tenantId),
      }
      const sources = { ...openStores(tenantId), ...stores, tenantId, predictors, splits }
      return predictOutOfFold(sources, request.params.id, { offset, limit, repeat })
    },
  )

  app.get(
    '/jobs/:id/comparison',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'compareJobs',
        summary: 'Compare a metric of two jobs with the spread of their repeats',
        description:
          'A t test over the trials of both jobs: paired if they have the same rows and seeds, else Welch’s. Without repeats or folds of both, the verdict is `unknown`.',
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
