/** Predictions: from the query string, from rows as JSON or CSV, from pictures. */
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Cell, FeatureCoding } from '../../contract/dataset.js'
import { type Model, predictionRequestSchema, predictionsSchema } from '../../contract/model.js'
import { Problem, pointerTo } from '../../contract/problems.js'
import { pictureRow } from '../../training/picture-row.js'
import { type PredictDependencies, predict, type Question } from '../../training/predict.js'
import { predictTable } from '../../training/predict-table.js'
import { callerOf } from '../caller.js'
import { sendEntityTags } from '../plugins/entity-tag.js'
import { failures, idParameters } from '../responses.js'
import type { ModelRoutes } from './models.js'

const textOrTexts = z.union([z.string(), z.array(z.string())])
const querySchema = z
  .object({ x: textOrTexts.optional().describe('a row of values by place, any number of times') })
  .catchall(textOrTexts.describe('a column’s value; empty where it is missing'))
type Query = z.infer<typeof querySchema>

export interface PredictionRoutes extends Pick<ModelRoutes, 'models'> {
  predictors: PredictDependencies['predictors']
  limits: { imagePixels: number }
}

const tableTypes = ['text/csv', 'text/tab-separated-values']
const pictureTypes = ['image/png', 'image/jpeg']
const jsonType = 'application/json'

const binary = z.unknown().meta({ type: 'string', format: 'binary' })
const table = z.unknown().meta({ type: 'string' })

export const predictionRoutes: FastifyPluginCallbackZod<PredictionRoutes> = (
  app,
  { models, predictors, limits },
  done,
) => {
  sendEntityTags(app)
  app.addContentTypeParser(
    [...tableTypes, ...pictureTypes],
    { parseAs: 'buffer' },
    (_request, body, parsed) => parsed(null, body),
  )
  app.addContentTypeParser('*', (request, _body, parsed) => parsed(notUnderstood(request)))

  const dependenciesOf = (request: FastifyRequest): PredictDependencies => ({
    models: models.of(callerOf(request).tenantId),
    predictors,
  })

  app.get(
    '/models/:id/predict',
    {
      config: { scope: 'models:read' },
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
      config: { scope: 'models:read' },
      schema: {
        tags: ['models'],
        summary: 'Predict many rows, or a picture',
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
      const type = request.headers['content-type']?.split(';')[0].trim().toLowerCase() ?? jsonType
      const { body } = request
      const answer = reply.type(`${jsonType}; charset=utf-8`)
      if (Buffer.isBuffer(body)) {
        if (tableTypes.includes(type)) {
          const { predictions, text } = await predictTable(dependenciesOf(request), id, body)
          const wantsJson = request.headers.accept?.includes(jsonType) ?? false
          return wantsJson ? answer.send(predictions) : reply.type('text/csv; charset=utf-8').send(text)
        }
        return answer.send(
          await predict(dependenciesOf(request), id, async (model) => ({
            rows: [await pictureRow(model, body, limits.imagePixels)],
            place: () => '',
          })),
        )
      }
      // Checked before, by the schema of its content type.
      const { inputs } = body as z.infer<typeof predictionRequestSchema>
      return answer.send(
        await predict(dependenciesOf(request), id, () => ({
          rows: inputs,
          place: (pointer) => `/inputs${pointer}`,
        })),
      )
    },
  )

  done()
}

function notUnderstood(request: FastifyRequest): Problem {
  const given = request.headers['content-type']
  const came =
    given === undefined ? 'There is no content-type' : `A body of content-type ${given} is no input`
  return new Problem(
    'unsupported-media-type',
    `${came}: send rows as ${jsonType} or ${tableTypes[0]}, or for models of pictures ${pictureTypes.join(' or ')}.`,
  )
}

/** `x` alone gives rows of values by place, unless it is but one of the model's columns; anything else is one row by name. */
function questionOf(model: Model, query: Query): Question {
  const names = Object.keys(query)
  if (names.length === 0) {
    const shown = model.columns.slice(0, 10)
    const byPlace = `?x=${shown.map(() => '0').join(',')}`
    const byName = `?${shown.map((column) => `${encodeURIComponent(column)}=0`).join('&')}`
    throw new Problem('invalid-request', `Say what to predict from: ${byPlace} or by name: ${byName}`)
  }
  if (names.length === 1 && names[0] === 'x') {
    const rows = [query.x ?? []].flat().map((text, row) => {
      return text
        .split(',')
        .map((cell, place) => cellOf(model.coding.features[place], cell, ['x', row, place]))
    })
    return { rows, place: (pointer) => `/x${pointer}` }
  }
  if (Object.hasOwn(query, 'x') && !model.columns.includes('x')) {
    throw invalid(['x'], 'comes alone: give rows as x, or one row by the names of its columns, not both')
  }
  const features = new Map(model.coding.features.map((feature) => [feature.name, feature]))
  const row = Object.entries(query).map(([name, value]) => {
    if (typeof value !== 'string') throw invalid([name], 'is given more than once')
    return [name, cellOf(features.get(name.trim().normalize('NFC')), value, [name])] as const
  })
  return { rows: [Object.fromEntries(row)], place: (pointer) => pointer.replace(/^\/0/, '') }
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** A text as the feature's own kind of value; an empty one is a missing value. */
function cellOf(feature: FeatureCoding | undefined, given: string, place: PropertyKey[]): Cell {
  const text = given.trim()
  if (text === '') return null
  if (feature?.type !== 'number' || feature.decimal === 'comma') return given
  const number = Number(text)
  if (decimal.test(text) && Number.isFinite(number)) return number
  throw invalid(place, `"${given}" is not a finite number`)
}

function invalid(place: PropertyKey[], message: string): Problem {
  const pointer = pointerTo(place)
  return new Problem('invalid-request', `${pointer}: ${message}`, [{ pointer, message }])
}
