/** What the model of a job gets wrong on the rows of the job. */
import { z } from 'zod'
import {
  defaultWorstRows,
  jobPartSchema,
  maximumWorstRows,
  worstRowsSchema,
} from '../../contract/worst-rows.js'
import type { PredictorPool } from '../../training/ports/predictor-pool.js'
import { worstRows } from '../../training/worst-rows.js'
import { disconnectSignal } from '../client-disconnect.js'
import { requireScope } from '../plugins/authentication.js'
import { shortOrJsonParameter } from '../preparation-parameters.js'
import { requirePrincipal } from '../principal.js'
import { integerParameter } from '../query-parameters.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import type { RetrainingRoutes } from './retraining.js'

export interface JobModelRoutes
  extends Pick<RetrainingRoutes, 'jobs' | 'models' | 'datasets' | 'splits' | 'evaluationTurns'> {
  predictors: Pick<PredictorPool, 'rank'>
}

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
  app.get(
    '/jobs/:id/rows/worst',
    {
      config: { scope: 'datasets:read', hasOwnTurns: true },
      schema: {
        tags: ['jobs'],
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
      const { jobs, models, datasets, predictors, splits, evaluationTurns } = dependencies()
      const principal = requirePrincipal(request)
      requireScope(principal, reply, 'models:read')
      const { tenantId } = principal
      const stores = { jobs: jobs.of(tenantId), models: models.of(tenantId), datasets: datasets.of(tenantId) }
      const { split, limit = defaultWorstRows, cell = null } = request.query
      return worstRows(
        { tenantId, ...stores, predictors, splits, turns: evaluationTurns },
        request.params.id,
        { split, limit, cell },
        disconnectSignal(reply),
      )
    },
  )

  done()
}
