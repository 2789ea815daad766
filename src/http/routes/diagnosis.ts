/** What is wrong with a training, and the spec that may be better. */
import { diagnosisSchema } from '../../contract/diagnosis.js'
import { diagnoseJob } from '../../training/diagnose-job.js'
import type { GeneratedData } from '../../training/generated-data.js'
import { requirePrincipal } from '../principal.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import type { DatasetRoutes } from './datasets.js'
import type { EpochRoutes } from './epochs.js'
import type { ModelRoutes } from './models.js'

interface DiagnosisRoutes extends EpochRoutes, Pick<DatasetRoutes, 'datasets'>, Pick<ModelRoutes, 'models'> {
  generated: GeneratedData
}

export const diagnosisRoutes: RoutePlugin<DiagnosisRoutes> = (app, { dependencies }, done) => {
  app.get(
    '/jobs/:id/diagnosis',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
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
      const { jobs, models, datasets, epochs, generated } = dependencies()
      const stores = { jobs: jobs.of(tenantId), models: models.of(tenantId), datasets: datasets.of(tenantId) }
      return diagnoseJob({ ...stores, epochs, generated }, request.params.id)
    },
  )

  done()
}
