/** Predictions for a query string, rows as JSON or CSV, and pictures. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { TenantTurns } from '../../base/tenant-turns.js'
import { predictionRequestSchema, predictionsSchema } from '../../contract/model.js'
import { Problem } from '../../contract/problems.js'
import { pictureRow } from '../../training/picture-row.js'
import type { AllModels } from '../../training/ports/models.js'
import {
  type PredictDependencies,
  type PredictionRows,
  type Predictions,
  predict,
  predictNow,
  rowsAtOnce,
} from '../../training/predict.js'
import { predictTable } from '../../training/predict-table.js'
import { readQueryRows } from '../../training/read-query-rows.js'
import { chunkedBody, jsonFragments } from '../chunked-body.js'
import { encodingProblem } from '../json-body-parser.js'
import { prefetchModels, sendModelVersion } from '../plugins/model-prefetch.js'
import { requirePrincipal } from '../principal.js'
import { wholeBody } from '../read-body.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import { predictorsOf, type TracedPredictions } from '../traced-predictions.js'

const textOrTexts = z.union([z.string(), z.array(z.string())])
const querySchema = z
  .object({ x: textOrTexts.optional().describe('one row of values by position; may be repeated') })
  .catchall(textOrTexts.describe('value of a column; empty if it is missing'))

export interface PredictionRoutes extends TracedPredictions {
  models: Pick<AllModels, 'lookUp'>
  pictures: Parameters<typeof pictureRow>[2]
}

const versionHeaders =
  'If the request names the model as `name@alias` or `name@version`, the headers `model-id` and `model-version` say ' +
  'which model answered.'

const tableTypes = ['text/csv', 'text/tab-separated-values']
const pictureTypes = ['image/png', 'image/jpeg']
const jsonType = 'application/json'

const binary = z.unknown().meta({ type: 'string', format: 'binary' })
const table = z.unknown().meta({ type: 'string' })

export const predictionRoutes: RoutePlugin<PredictionRoutes> = (app, { dependencies }, done) => {
  // One at a time, because a picture that exceeds its time kills the decoding process.
  const pictureTurns = new TenantTurns({ what: 'pictures', atOnce: 1, perTenant: 1, seconds: 30 })
  const { prefetch, onRequest } = prefetchModels(app, (id, keyId) => dependencies().models.lookUp(id, keyId))
  const parse = wholeBody((request, body) => {
    const problem = encodingProblem(request)
    if (problem !== null) throw problem
    return body
  })
  app.addContentTypeParser([...tableTypes, ...pictureTypes], parse)
  app.addContentTypeParser('*', (request, _body, parsed) => parsed(unsupportedType(request)))

  const predictDependencies = (request: FastifyRequest): PredictDependencies => ({
    tenantId: requirePrincipal(request).tenantId,
    model: request.model,
    version: request.modelVersion,
    predictors: predictorsOf(request, dependencies()),
  })

  app.get(
    '/models/:id/predict',
    {
      config: { scope: 'models:predict', prefetch },
      onRequest,
      schema: {
        tags: ['models'],
        operationId: 'predictFromQuery',
        summary: 'Predict from the query string',
        description:
          'Returns one prediction for each `x=0,1`, or for one row by column name: `?sepalLength=5.1&…`. ' +
          versionHeaders,
        params: idParameters,
        querystring: querySchema,
        response: { 200: predictionsSchema, ...failures },
      },
    },
    (request, reply) => {
      const predictions = predictNow(predictDependencies(request), request.params.id, (model) =>
        readQueryRows(model, request.query),
      )
      reply.header('cache-control', 'no-store')
      if (predictions instanceof Promise) {
        return predictions.then((computed) => {
          sendModelVersion(request, reply)
          return computed
        })
      }
      sendModelVersion(request, reply)
      return predictions
    },
  )

  app.post(
    '/models/:id/predict',
    {
      config: { scope: 'models:predict', prefetch },
      onRequest,
      schema: {
        tags: ['models'],
        operationId: 'predict',
        summary: 'Predict for rows or a picture',
        description:
          'Takes rows as JSON, or a CSV with a header. The answer to a CSV has its columns, `prediction` and ' +
          '`probability …`; `accept: application/json` selects JSON. Models of pictures also take a PNG or JPEG. ' +
          'Raw rows are accepted: ignored columns may be present, spaces around values are trimmed, and missing values ' +
          'are filled as in training. An invalid row gets an error, and the other rows are predicted. ' +
          versionHeaders,
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
      const prediction = predictDependencies(request)
      const { body } = request
      if (!Buffer.isBuffer(body)) {
        if (body === undefined) throw unsupportedType(request)
        // Validated by the schema of its content type, or by the thread.
        const { inputs } = body as { inputs: PredictionRows['rows'] }
        const requestPointer = (pointer: string) => `/inputs${pointer}`
        const predictions = await predict(prediction, id, () => ({ rows: inputs, requestPointer }))
        sendModelVersion(request, reply)
        return sendPredictions(reply, predictions)
      }
      if (tableTypes.includes(contentType(request) ?? '')) {
        const { predictions, text } = await predictTable(prediction, id, body)
        sendModelVersion(request, reply)
        const wantsJson = request.headers.accept?.toLowerCase().includes(jsonType) ?? false
        return wantsJson
          ? sendPredictions(reply, predictions)
          : reply
              .type(`${tableTypes[0]}; charset=utf-8`)
              .send(isLong(predictions) ? chunkedBody(text()) : [...text()].join(''))
      }
      const { tenantId } = requirePrincipal(request)
      const { pictures } = dependencies()
      const predictions = await predict(prediction, id, async (model) => ({
        rows: [await pictureTurns.run(tenantId, () => pictureRow(model, body, pictures))],
        requestPointer: () => '',
      }))
      sendModelVersion(request, reply)
      return asJson(reply).send(predictions)
    },
  )

  done()
}

const contentType = (request: FastifyRequest) =>
  request.headers['content-type']?.split(';')[0].trim().toLowerCase()

/** Longer responses are sent in chunks. */
const isLong = ({ predictions }: Predictions) => predictions.length > rowsAtOnce

function sendPredictions(reply: FastifyReply, predictions: Predictions): FastifyReply {
  return asJson(reply).send(isLong(predictions) ? chunkedBody(jsonFragments(predictions)) : predictions)
}

const asJson = (reply: FastifyReply) => reply.type(`${jsonType}; charset=utf-8`)

function unsupportedType(request: FastifyRequest): Problem {
  const given = request.headers['content-type']
  const reason =
    given === undefined
      ? 'The content-type header is missing'
      : `The content type ${given} is not supported here`
  return new Problem(
    'unsupported-media-type',
    `${reason}: send rows as ${jsonType} or ${tableTypes[0]}, or for models of pictures ${pictureTypes.join(' or ')}.`,
  )
}
