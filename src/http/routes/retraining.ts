/** Retrainings of models, and their comparison with the earlier models. */
import type { TenantTurns } from '../../base/tenant-turns.js'
import { jobSchema } from '../../contract/job.js'
import { comparisonSchema, retrainRequestSchema } from '../../contract/retrain.js'
import { compareModels } from '../../training/compare-models.js'
import type { JobSplits } from '../../training/job-splits.js'
import { retrain } from '../../training/retrain.js'
import { disconnectSignal } from '../client-disconnect.js'
import { requireScope } from '../plugins/authentication.js'
import { idempotencyHeaders } from '../plugins/idempotency.js'
import { followingTurns } from '../plugins/turns.js'
import { requirePrincipal } from '../principal.js'
import { requestOrigin } from '../request-trace.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import { predictorsOf, type TracedPredictions } from '../traced-predictions.js'
import type { DatasetRoutes } from './datasets.js'
import type { JobRoutes } from './jobs.js'
import type { RegistryRoutes } from './registry.js'

export interface RetrainingRoutes
  extends RegistryRoutes,
    Pick<JobRoutes, 'jobs' | 'submission' | 'idempotency'>,
    Pick<DatasetRoutes, 'datasets'>,
    TracedPredictions {
  /** Limits evaluations of stored datasets. */
  evaluationTurns: TenantTurns
  splits: JobSplits
}

export const retrainingRoutes: RoutePlugin<RetrainingRoutes> = (app, { dependencies }, done) => {
  app.post(
    '/models/:id/retrain',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['models'],
        operationId: 'retrainModel',
        summary: 'Train the spec of a model on another dataset',
        description:
          'Starts a job with the spec of the job that trained the model. With `registry`, the new model becomes the next ' +
          'version of the name when the job succeeds, which also needs the scope `models:write`. No alias moves: ' +
          'GET /models/{id}/comparison of the new model shows both models on the same rows.',
        params: idParameters,
        headers: idempotencyHeaders,
        body: retrainRequestSchema,
        response: { 202: jobSchema.describe('accepted, stored and queued'), ...failures },
      },
    },
    async (request, reply) => {
      const { models, jobs, registry, submission, idempotency } = dependencies()
      const principal = requirePrincipal(request)
      const { tenantId } = principal
      if (request.body.registry !== undefined) requireScope(principal, reply, 'models:write')
      const origin = requestOrigin(request)
      const stores = { models: models.of(tenantId), jobs: jobs.of(tenantId), registry: registry.of(tenantId) }
      const { id } = request.params
      const job = await idempotency.answerOnce(request, reply, (once) =>
        retrain({ submission, ...stores }, principal, id, request.body, origin, once),
      )
      return reply.code(202).header('location', job.links.self).send(job)
    },
  )

  app.get(
    '/models/:id/comparison',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['models'],
        operationId: 'compareModels',
        summary: 'Compare a retrained model with the earlier one',
        description:
          'Evaluates both models on the validation rows of the job that retrained, or on its training rows if it has none.',
        params: idParameters,
        response: { 200: comparisonSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { models, jobs, datasets, splits, evaluationTurns } = dependencies()
      const predictors = predictorsOf(request, dependencies())
      const { tenantId } = requirePrincipal(request)
      const stores = { models: models.of(tenantId), jobs: jobs.of(tenantId), datasets: datasets.of(tenantId) }
      const comparison = {
        tenantId,
        ...stores,
        predictors,
        splits,
        turns: followingTurns(request, evaluationTurns),
      }
      return compareModels(comparison, request.params.id, disconnectSignal(reply))
    },
  )

  done()
}
