/** Predictions: from the query string, from rows as JSON or CSV, from pictures. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { predictionRequestSchema, predictionsSchema } from '../../contract/model.js'
import { Problem } from '../../contract/problems.js'
import { pictureRow } from '../../training/picture-row.js'
import type { AllModels } from '../../training/ports/models.js'
import { type PredictDependencies, type Predictions, predict, rowsAtOnce } from '../../training/predict.js'
import { predictTable } from '../../training/predict-table.js'
import { questionOf } from '../../training/query-question.js'
import { TenantTurns } from '../../training/tenant-turns.js'
import { callerOf } from '../caller.js'
import { refuseEncoding } from '../json-body.js'
import { inPieces, jsonTexts } from '../pieces.js'
import { modelHooks } from '../plugins/asked-model.js'
import { sendEntityTags } from '../plugins/entity-tag.js'
import { failures, idParameters } from '../responses.js'

const textOrTexts = z.union([z.string(), z.array(z.string())])
const querySchema = z
  .object({ x: textOrTexts.optional().describe('a row of values by place, any number of times') })
  .catchall(textOrTexts.describe('a column’s value; empty where it is missing'))

export interface PredictionRoutes {
  models: Pick<AllModels, 'ask'>
  predictors: PredictDependencies['predictors']
  pictures: Parameters<typeof pictureRow>[2]
}

const tableTypes = ['text/csv', 'text/tab-separated-values']
const pictureTypes = ['image/png', 'image/jpeg']
const jsonType = 'application/json'

const binary = z.unknown().meta({ type: 'string', format: 'binary' })
const table = z.unknown().meta({ type: 'string' })

export const predictionRoutes: FastifyPluginCallbackZod<PredictionRoutes> = (
  app,
  { models, predictors, pictures },
  done,
) => {
  sendEntityTags(app)
  // One at a time, since one that takes too long ends the process that decodes them.
  const pictureTurns = new TenantTurns({ what: 'pictures', atOnce: 1, perTenant: 1, seconds: 30 })
  const { ahead, onRequest } = modelHooks(app, models)
  app.addContentTypeParser([...tableTypes, ...pictureTypes], { parseAs: 'buffer' }, (request, body, parsed) =>
    parsed(refuseEncoding(request), body),
  )
  app.addContentTypeParser('*', (request, _body, parsed) => parsed(notUnderstood(request)))

  const dependenciesOf = (request: FastifyRequest): PredictDependencies => ({
    tenantId: callerOf(request).tenantId,
    models: { get: async () => request.model },
    predictors,
  })

  app.get(
    '/models/:id/predict',
    {
      config: { scope: 'models:read', ahead },
      onRequest,
      schema: {
        tags: ['models'],
        summary: 'Predict from the query string',
        description: 'One prediction for each `x=0,1`; or one row by column name: `?sepalLength=5.1&…`.',
        params: idParameters,
        querystring: querySchema,
        response: { 200: predictionsSchema, ...failures },
      },
    },
    async (request) =>
      predict(dependenciesOf(request), request.params.id, (model) => questionOf(model, request.query)),
  )

  app.post(
    '/models/:id/predict',
    {
      config: { scope: 'models:read', ahead },
      onRequest,
      schema: {
        tags: ['models'],
        summary: 'Predict for rows or a picture',
        description:
          'Rows as JSON, or a CSV with a header, which is answered by a CSV: its columns, then `prediction` and ' +
          '`probability …` (with `accept: application/json` by JSON). Models of pictures take a PNG or JPEG, too. Rows ' +
          'come as they are: columns that the dataset ignored may be there, blanks around words and numbers do not ' +
          'count, a missing value is what the training rows say. A row with an error does not keep the others from ' +
          'their answers.',
        params: idParameters,
        body: {
          content: {
            [jsonType]: { schema: predictionRequestSchema },
            ...Object.fromEntries(tableTypes.map((type) => [type, { schema: table }])),
            ...Object.fromEntries(pictureTypes.map((type) => [type, { schema: binary }])),
          },
        },
        response: {
          200: {
            description: 'the predictions',
            content: { [jsonType]: { schema: predictionsSchema }, 'text/csv': { schema: table } },
          },
          ...failures,
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const dependencies = dependenciesOf(request)
      const { body } = request
      if (!Buffer.isBuffer(body)) {
        if (body === undefined) throw notUnderstood(request)
        // Checked before, by the schema of its content type.
        const { inputs } = body as z.infer<typeof predictionRequestSchema>
        const place = (pointer: string) => `/inputs${pointer}`
        return sendPredictions(reply, await predict(dependencies, id, () => ({ rows: inputs, place })))
      }
      if (tableTypes.includes(contentType(request) ?? '')) {
        const { predictions, text } = await predictTable(dependencies, id, body)
        const wantsJson = request.headers.accept?.toLowerCase().includes(jsonType) ?? false
        return wantsJson
          ? sendPredictions(reply, predictions)
          : reply
              .type(`${tableTypes[0]}; charset=utf-8`)
              .send(isLong(predictions) ? inPieces(text()) : [...text()].join(''))
      }
      const { tenantId } = callerOf(request)
      const predictions = await predict(dependencies, id, async (model) => ({
        rows: [await pictureTurns.run(tenantId, () => pictureRow(model, body, pictures))],
        place: () => '',
      }))
      return asJson(reply).send(predictions)
    },
  )

  done()
}

const contentType = (request: FastifyRequest) =>
  request.headers['content-type']?.split(';')[0].trim().toLowerCase()

/** More rows than that are sent piece by piece. */
const isLong = ({ predictions }: Predictions) => predictions.length > rowsAtOnce

function sendPredictions(reply: FastifyReply, predictions: Predictions): FastifyReply {
  return asJson(reply).send(isLong(predictions) ? inPieces(jsonTexts(predictions)) : predictions)
}

const asJson = (reply: FastifyReply) => reply.type(`${jsonType}; charset=utf-8`)

function notUnderstood(request: FastifyRequest): Problem {
  const given = request.headers['content-type']
  const came =
    given === undefined
      ? 'The content-type header is missing'
      : `The content type ${given} is not supported here`
  return new Problem(
    'unsupported-media-type',
    `${came}: send rows as ${jsonType} or ${tableTypes[0]}, or for models of pictures ${pictureTypes.join(' or ')}.`,
  )
}
