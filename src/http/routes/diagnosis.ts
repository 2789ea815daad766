/** What is wrong with a training, and the spec that may be better. */
import { diagnosisSchema } from '../../contract/diagnosis.js'
import { statisticsSchema } from '../../contract/statistics.js'
import { diagnoseJob, readStatistics } from '../../training/diagnose-job.js'
import type { GeneratedData } from '../../training/generated-data.js'
import type { StatisticsStore } from '../../training/ports/statistics.js'
import { requirePrincipal } from '../principal.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import type { DatasetRoutes } from './datasets.js'
import type { EpochRoutes } from './epochs.js'
import type { ModelRoutes } from './models.js'

export interface DiagnosisRoutes
  extends EpochRoutes,
    Pick<DatasetRoutes, 'datasets'>,
    Pick<ModelRoutes, 'models'> {
  generated: GeneratedData
  statistics: StatisticsStore
}

export const diagnosisRoutes: RoutePlugin<DiagnosisRoutes> = (app, { dependencies }, done) => {
  app.get(
    '/jobs/:id/diagnosis',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'diagnoseJob',
        summary: 'Diagnose a running or ended training',
        description:
          'Reads the stored losses, the spec, the description of the dataset and the evaluation. The same history gives ' +
          'the same findings.',
        params: idParameters,
        response: { 200: diagnosisSchema, ...failures },
      },
    },
    async (request) => {
      const { tenantId } = requirePrincipal(request)
      const { jobs, models, datasets, epochs, generated, statistics } = dependencies()
      const stores = { jobs: jobs.of(tenantId), models: models.of(tenantId), datasets: datasets.of(tenantId) }
      return diagnoseJob(
        { ...stores, epochs, generated: generated.of(tenantId), statistics },
        request.params.id,
      )
    },
  )

  app.get(
    '/jobs/:id/statistics',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'listStatistics',
        summary: 'List statistics of the layers of a training',
        description:
          'Of a job with `watch`: after each of the first 16 epochs, then after about 8 for each doubling, and fewer if ' +
          'they would take more than 4 % of the time and 10 ms. The last epoch is always among them. Tensors of more than 65,536 values are sampled. Activations are those ' +
          'of at most 128 training rows in inference mode. The list is empty without `watch`.',
        params: idParameters,
        response: { 200: statisticsSchema, ...failures },
      },
    },
    async (request) => {
      const { tenantId } = requirePrincipal(request)
      const { jobs, statistics } = dependencies()
      const data = await readStatistics({ jobs: jobs.of(tenantId), statistics }, request.params.id)
      return { object: 'list' as const, data }
    },
  )

  done()
}
