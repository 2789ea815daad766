/** What the model of a job gets wrong on the rows of the job, and which columns it uses. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { changedPartSchema, changedRowsSchema } from '../../contract/changed-rows.js'
import { idSchema } from '../../contract/ids.js'
import { dependenceSchema, importanceSchema, pointLimits, repeatLimits } from '../../contract/importance.js'
import { testEvaluationSchema } from '../../contract/test-evaluation.js'
import { text } from '../../contract/text.js'
import {
  defaultWorstRows,
  jobPartSchema,
  maximumWorstRows,
  worstRowsSchema,
} from '../../contract/worst-rows.js'
import { changedRows } from '../../training/changed-rows.js'
import { jobDependence, jobImportance } from '../../training/importance.js'
import { testJob } from '../../training/test-job.js'
import { worstRows } from '../../training/worst-rows.js'
import { disconnectSignal } from '../client-disconnect.js'
import { requireScope } from '../plugins/authentication.js'
import { followingTurns } from '../plugins/turns.js'
import { shortOrJsonParameter } from '../preparation-parameters.js'
import { requirePrincipal } from '../principal.js'
import { integerParameter } from '../query-parameters.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import { predictorsOf, type TracedPredictions } from '../traced-predictions.js'
import type { RetrainingRoutes } from './retraining.js'

export interface JobModelRoutes
  extends Pick<RetrainingRoutes, 'jobs' | 'models' | 'datasets' | 'splits' | 'evaluationTurns'>,
    TracedPredictions {}

const splitParameter = jobPartSchema
  .optional()
  .describe('default: the validation rows, or the training rows of a job without any')

const cellSchema = z.tuple([z.string().min(1), z.string().min(1)])

const cellParameter = shortOrJsonParameter(
  (text) => text.split(',').map((name) => name.trim()),
  (value, context) => {
    const cell = cellSchema.safeParse(value)
    if (cell.success) return cell.data
    const message = 'must be the true and the predicted class, as in no,yes (in JSON: ["no","yes"])'
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  },
)

export const jobModelRoutes: RoutePlugin<JobModelRoutes> = (app, { dependencies }, done) => {
  function openStores(request: FastifyRequest) {
    const { jobs, models, datasets, splits, evaluationTurns } = dependencies()
    const turns = followingTurns(request, evaluationTurns)
    const { tenantId } = requirePrincipal(request)
    const stores = { jobs: jobs.of(tenantId), models: models.of(tenantId), datasets: datasets.of(tenantId) }
    return { tenantId, ...stores, predictors: predictorsOf(request, dependencies()), splits, turns }
  }

  app.get(
    '/jobs/:id/rows/worst',
    {
      config: { scope: 'datasets:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'listWorstRows',
        summary: 'List the rows with the largest loss under the model of a job',
        description:
          'The loss is that of the job for a single row, without class weights and sample weights, so that wrong labels ' +
          'come first. Wide datasets return fewer rows, as in GET /jobs/{id}/rows. Also needs the scope `models:read`.',
        params: idParameters,
        querystring: z.strictObject({
          split: splitParameter,
          limit: integerParameter(1, maximumWorstRows)
            .optional()
            .describe(`number of rows, ${defaultWorstRows} by default`),
          cell: cellParameter
            .optional()
            .describe(
              'only rows of a cell of the confusion matrix: `no,yes` for the true class `no`, predicted as `yes`, or as ' +
                'JSON `["no","yes"]` for names with commas',
            ),
        }),
        response: { 200: worstRowsSchema, ...failures },
      },
    },
    async (request, reply) => {
      requireScope(requirePrincipal(request), reply, 'models:read')
      const { split, limit = defaultWorstRows, cell = null } = request.query
      const { id } = request.params
      return worstRows(openStores(request), id, { split, limit, cell }, disconnectSignal(reply))
    },
  )

  app.get(
    '/jobs/:id/rows/changed',
    {
      config: { scope: 'datasets:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'listChangedRows',
        summary: 'List the rows that two jobs predict most differently',
        description:
          'Of a job and the same job with `excludedRows`, it shows what these rows have taught. Both jobs have the same ' +
          'data and target. Wide datasets return fewer rows, as in GET /jobs/{id}/rows. Also needs the scope ' +
          '`models:read`.',
        params: idParameters,
        querystring: z.strictObject({
          with: idSchema('job').describe('the other job'),
          split: changedPartSchema
            .optional()
            .describe(
              'rows of the job to compare: `excluded` for those that one of the jobs ignored. Default: the validation ' +
                'rows, or the training rows of a job without any',
            ),
          limit: integerParameter(1, maximumWorstRows)
            .optional()
            .describe(`number of rows, ${defaultWorstRows} by default`),
        }),
        response: { 200: changedRowsSchema, ...failures },
      },
    },
    async (request, reply) => {
      requireScope(requirePrincipal(request), reply, 'models:read')
      const { split, limit = defaultWorstRows, with: other } = request.query
      const changes = { jobId: request.params.id, with: other, split, limit }
      return changedRows(openStores(request), changes, disconnectSignal(reply))
    },
  )

  app.post(
    '/jobs/:id/test',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'testJob',
        summary: 'Evaluate the model of a job on its test rows, and record the test',
        description:
          'The rows that `testSplit` keeps apart. Each answer reports how often they were tested: a test split measures ' +
          'honestly once, before it chooses anything. Also needs the scopes `models:read` and `datasets:read`.',
        params: idParameters,
        response: { 200: testEvaluationSchema, ...failures },
      },
    },
    async (request, reply) => {
      for (const scope of ['models:read', 'datasets:read'] as const) {
        requireScope(requirePrincipal(request), reply, scope)
      }
      return testJob(openStores(request), request.params.id, disconnectSignal(reply))
    },
  )

  app.get(
    '/jobs/:id/importance',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'measureImportance',
        summary: 'Measure which columns the model of a job uses',
        description:
          'Permutation importance, as in scikit-learn: the decrease of the score when the values of a column are shuffled ' +
          'among the rows. A category is shuffled as a whole.',
        params: idParameters,
        querystring: z.strictObject({
          split: splitParameter,
          repeats: integerParameter(1, repeatLimits.most)
            .optional()
            .describe(`shuffles of each column, ${repeatLimits.default} by default`),
          seed: integerParameter(0, Number.MAX_SAFE_INTEGER)
            .optional()
            .describe('seed of the shuffles, 0 by default'),
        }),
        response: { 200: importanceSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { split, repeats = repeatLimits.default, seed = 0 } = request.query
      const { id } = request.params
      return jobImportance(openStores(request), id, { split, repeats, seed }, disconnectSignal(reply))
    },
  )

  app.get(
    '/jobs/:id/dependence',
    {
      config: { scope: 'datasets:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'measureDependence',
        summary: 'Measure how the predictions of a job depend on a column',
        description:
          'Partial dependence: the mean prediction over the rows if the column had the same value in all of them, for ' +
          'values that occur. Also needs the scope `models:read`.',
        params: idParameters,
        querystring: z.strictObject({
          split: splitParameter,
          column: text(1_000).describe('the name of a feature'),
          points: integerParameter(1, pointLimits.most)
            .optional()
            .describe(`maximum number of values of the column, ${pointLimits.default} by default`),
        }),
        response: { 200: dependenceSchema, ...failures },
      },
    },
    async (request, reply) => {
      requireScope(requirePrincipal(request), reply, 'models:read')
      const { split, column, points = pointLimits.default } = request.query
      const { id } = request.params
      return jobDependence(openStores(request), id, { split, column, points }, disconnectSignal(reply))
    },
  )

  done()
}
