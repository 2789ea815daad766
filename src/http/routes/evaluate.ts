/** Evaluations of a model on labelled rows: of a dataset, of the request, or of a file. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { evaluationRequestSchema, modelEvaluationSchema } from '../../contract/model-evaluation.js'
import { formatParameters, uploadContentTypes } from '../../contract/upload.js'
import { evaluateFile, evaluateRows, turnsOfDatasets } from '../../training/evaluate.js'
import type { PredictorPool } from '../../training/ports/predictor-pool.js'
import type { RequestThread } from '../../training/ports/request-thread.js'
import { callerOf } from '../caller.js'
import { departure } from '../departure.js'
import { parseJsonBodies } from '../json-body.js'
import type { BodyThread } from '../large-bodies.js'
import { demandScope } from '../plugins/authentication.js'
import { preparationParameters } from '../preparation-parameters.js'
import { failures, idParameters } from '../responses.js'
import { acceptUploads, filesOf, multipartType } from '../upload-files.js'
import type { DatasetRoutes } from './datasets.js'
import type { UploadRoutes } from './uploads.js'

export interface EvaluateRoutes
  extends Pick<UploadRoutes, 'models' | 'uploadReader'>,
    Pick<DatasetRoutes, 'datasets'> {
  predictors: Pick<PredictorPool, 'evaluate'>
  thread: Pick<RequestThread, 'prepare'> & BodyThread
}

const jsonType = 'application/json'
const file = z.unknown().meta({ type: 'string', format: 'binary' })
const fileTypes = [...uploadContentTypes.filter((type) => type !== jsonType), multipartType]

export const evaluateRoutes: FastifyPluginCallbackZod<EvaluateRoutes> = (
  app,
  { models, datasets, predictors, thread, uploadReader },
  done,
) => {
  const turns = turnsOfDatasets()
  acceptUploads(app, [jsonType])
  parseJsonBodies(app, thread)

  app.post(
    '/models/:id/evaluate',
    {
      config: { scope: 'models:read', hasOwnTurns: true },
      // A list of rows is what { "rows": … } holds.
      preValidation: async (request) => {
        if (Array.isArray(request.body)) request.body = { rows: request.body }
      },
      schema: {
        tags: ['models'],
        summary: 'Evaluate a model on labelled rows',
        description:
          'The same figures as after its training, on a dataset, on rows, or on a file in any format that POST /datasets ' +
          'takes. Files are read with the types that the model was trained with, and nothing of them is stored. Other ' +
          'columns do not count, rows without a target are left out, and a class that the model does not know is refused. ' +
          'A dataset also needs the scope `datasets:read`.',
        params: idParameters,
        querystring: z.strictObject({
          ...formatParameters,
          missingValues: preparationParameters.missingValues,
        }),
        body: {
          content: {
            [jsonType]: { schema: evaluationRequestSchema },
            ...Object.fromEntries(fileTypes.map((type) => [type, { schema: file }])),
          },
        },
        response: { 200: modelEvaluationSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { tenantId, limits } = callerOf(request)
      const stores = { models: models.of(tenantId), datasets: datasets.of(tenantId) }
      const dependencies = { tenantId, ...stores, predictors, thread, turns }
      const signal = departure(reply)
      const isJson = request.headers['content-type']?.split(';')[0].trim().toLowerCase() === jsonType
      if (isJson) {
        // Checked before, by the schema of its content type.
        const body = request.body as z.infer<typeof evaluationRequestSchema>
        if (body.dataset !== undefined) demandScope(callerOf(request), reply, 'datasets:read')
        return evaluateRows(dependencies, id, body, signal)
      }
      const { missingValues, decimal, ...options } = request.query
      try {
        return await evaluateFile(dependencies, id, uploadReader, {
          tenantId,
          limits,
          files: filesOf(request),
          options,
          preparation: { missingValues, decimal },
          signal,
        })
      } catch (error) {
        // The rest of the body is not waited for.
        if (!request.raw.complete) reply.header('connection', 'close')
        throw error
      }
    },
  )

  done()
}
