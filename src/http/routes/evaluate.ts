/** Evaluations of a model on labelled rows of a dataset, a request or a file. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { TenantTurns } from '../../base/tenant-turns.js'
import type { BodyThread } from '../../bodies/body-thread.js'
import { evaluationRequestSchema, modelEvaluationSchema } from '../../contract/model-evaluation.js'
import { formatParameters, uploadContentTypes } from '../../contract/upload.js'
import { evaluateFile, evaluateRows } from '../../training/evaluate.js'
import type { RequestThread } from '../../training/ports/request-thread.js'
import { disconnectSignal } from '../client-disconnect.js'
import { parseJsonBodies } from '../json-body-parser.js'
import { requireScope } from '../plugins/authentication.js'
import { closeUnlessReceived } from '../plugins/lingering-close.js'
import { followingTurns } from '../plugins/turns.js'
import { preparationParameters } from '../preparation-parameters.js'
import { requirePrincipal } from '../principal.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import { predictorsOf, type TracedPredictions } from '../traced-predictions.js'
import { acceptUploads, fileContents, uploadedFiles } from '../upload-files.js'
import type { DatasetRoutes } from './datasets.js'
import type { UploadRoutes } from './uploads.js'

interface EvaluateRoutes
  extends Pick<UploadRoutes, 'models' | 'uploadReader'>,
    Pick<DatasetRoutes, 'datasets'>,
    TracedPredictions {
  /** Limits evaluations of stored datasets. */
  evaluationTurns: TenantTurns
  thread: Pick<RequestThread, 'prepare'> & BodyThread
}

const jsonType = 'application/json'
const fileTypes = uploadContentTypes.filter((type) => type !== jsonType)

const isJson = ({ headers }: Pick<FastifyRequest, 'headers'>) =>
  headers['content-type']?.split(';')[0].trim().toLowerCase() === jsonType

export const evaluateRoutes: RoutePlugin<EvaluateRoutes> = (app, { dependencies }, done) => {
  acceptUploads(app, [jsonType])
  parseJsonBodies(app, () => dependencies().thread)

  app.post(
    '/models/:id/evaluate',
    {
      config: { scope: 'models:read', hasOwnTurns: (request) => !isJson(request) },
      // A list stands for { "rows": … }.
      preValidation: async (request) => {
        if (Array.isArray(request.body)) request.body = { rows: request.body }
      },
      schema: {
        tags: ['models'],
        operationId: 'evaluateModel',
        summary: 'Evaluate a model on labelled rows',
        description:
          'Returns the metrics of the evaluation after training, for a dataset, rows, or a file in any format of POST ' +
          '/datasets. Files are read with the column types of the model, and are not stored. Other columns are ignored, ' +
          'rows without a target are skipped, and unknown classes are refused. A dataset also needs the scope ' +
          '`datasets:read`.',
        params: idParameters,
        querystring: z.strictObject({
          ...formatParameters,
          missingValues: preparationParameters.missingValues,
        }),
        body: {
          content: {
            [jsonType]: { schema: evaluationRequestSchema },
            ...fileContents(fileTypes),
          },
        },
        response: { 200: modelEvaluationSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { tenantId, limits } = requirePrincipal(request)
      const { models, datasets, thread, uploadReader, evaluationTurns } = dependencies()
      const predictors = predictorsOf(request, dependencies())
      const stores = { models: models.of(tenantId), datasets: datasets.of(tenantId) }
      const evaluation = {
        tenantId,
        ...stores,
        predictors,
        thread,
        turns: followingTurns(request, evaluationTurns),
      }
      const signal = disconnectSignal(reply)
      if (isJson(request)) {
        // Validated by the schema of its content type.
        const body = request.body as z.infer<typeof evaluationRequestSchema>
        if (body.dataset !== undefined) requireScope(requirePrincipal(request), reply, 'datasets:read')
        return evaluateRows(evaluation, id, body, signal)
      }
      const { missingValues, decimal, ...options } = request.query
      try {
        return await evaluateFile(evaluation, id, uploadReader, {
          tenantId,
          limits,
          files: uploadedFiles(request),
          options,
          preparation: { missingValues, decimal },
          signal,
        })
      } catch (error) {
        closeUnlessReceived(request, reply)
        throw error
      }
    },
  )

  done()
}
