/** Models, those built without training too, and their predictions. */
import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Cell, FeatureCoding } from '../../contract/dataset.js'
import {
  evaluatedModelSchema,
  type Model,
  modelRequestSchema,
  modelSchema,
  predictionRequestSchema,
  predictionsSchema,
} from '../../contract/model.js'
import { Problem, pointerTo } from '../../contract/problems.js'
import { construct } from '../../training/construct.js'
import { deleteModel } from '../../training/delete-model.js'
import { exportWeights } from '../../training/export-weights.js'
import type { AllModels, PredictorPool } from '../../training/ports.js'
import { predict, type Question } from '../../training/predict.js'
import { callerOf } from '../caller.js'
import { answersNotModified, sendEntityTags } from '../plugins/entity-tag.js'
import { type Idempotency, idempotencyHeaders } from '../plugins/idempotency.js'
import { defaultLimit, pageParameters } from '../query.js'
import { failures, idParameters, listOf, toList } from '../responses.js'

const textOrTexts = z.union([z.string(), z.array(z.string())])
const querySchema = z
  .object({ x: textOrTexts.optional().describe('a row of values by place, any number of times') })
  .catchall(textOrTexts.describe('a column’s value; empty where it is missing'))
type Query = z.infer<typeof querySchema>

export interface ModelRoutes {
  models: Pick<AllModels, 'of' | 'weightChunks'>
  idempotency: Idempotency
  predictors: Pick<PredictorPool, 'predict'>
}

export const modelRoutes: FastifyPluginCallbackZod<ModelRoutes> = (
  app,
  { models, predictors, idempotency },
  done,
) => {
  sendEntityTags(app)

  const modelsOf = (request: FastifyRequest) => models.of(callerOf(request).tenantId)

  app.post(
    '/models',
    {
      config: { scope: 'models:write' },
      schema: {
        tags: ['models'],
        summary: 'Construct a model without training',
        description:
          'The network that computes a Boolean function, from its disjunctive normal form. Row numbers of the truth ' +
          'table read the inputs as a binary number, the first input its most significant bit.',
        headers: idempotencyHeaders,
        body: modelRequestSchema,
        response: { 201: modelSchema, ...failures },
      },
    },
    async (request, reply) => {
      const model = await idempotency.answerOnce(modelSchema, request, reply, (once) =>
        construct(modelsOf(request), request.body, once),
      )
      return reply.code(201).header('location', model.links.self).send(model)
    },
  )

  app.get(
    '/models',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['models'],
        summary: 'List models, newest first',
        querystring: z.strictObject(pageParameters),
        response: { 200: listOf(modelSchema), ...failures },
      },
    },
    async (request) => {
      const { query } = request
      return toList(await modelsOf(request).list({ ...query, limit: query.limit ?? defaultLimit }))
    },
  )

  app.get(
    '/models/:id',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['models'],
        summary: 'Look at a model',
        description: '`evaluation` tells how it answers on the validation rows; lists leave it out.',
        params: idParameters,
        response: { 200: evaluatedModelSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      const model = await modelsOf(request).getEvaluated(id)
      if (model === null) throw new Problem('not-found', `There is no model ${id}.`)
      return model
    },
  )

  app.delete(
    '/models/:id',
    {
      config: { scope: 'models:write' },
      schema: {
        tags: ['models'],
        summary: 'Delete a model that no unfinished job starts from',
        description:
          'With its weights and its evaluation. The job that trained it stays, its `modelId` is then null.',
        params: idParameters,
        response: { 204: z.null().describe('gone'), ...failures },
      },
    },
    async (request, reply) => {
      await deleteModel(modelsOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/models/:id/weights',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['models'],
        summary: 'Download the weights',
        description:
          'As a file of the safetensors format: float32 tensors by name, such as `layers.0.weight` of units × inputs. ' +
          'The metadata has the id of the `model` and, as JSON, its `coding`: offset and scale of inputs and targets.',
        params: idParameters,
        response: {
          200: {
            description: 'the file',
            content: {
              'application/octet-stream': { schema: z.unknown().meta({ type: 'string', format: 'binary' }) },
            },
          },
          ...failures,
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const file = await exportWeights({ models: modelsOf(request), all: models }, id)
      if (answersNotModified(request, reply, `"${file.sha256}"`)) return reply.send()
      const content = await file.open()
      return reply
        .type('application/octet-stream')
        .header('content-length', file.bytes)
        .header('content-disposition', `attachment; filename="${file.name}"`)
        .send(Readable.from(content, { objectMode: false }))
    },
  )

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
      predict({ models: modelsOf(request), predictors }, request.params.id, (model) =>
        questionOf(model, request.query),
      ),
  )

  app.post(
    '/models/:id/predict',
    {
      config: { scope: 'models:read' },
      schema: {
        tags: ['models'],
        summary: 'Predict many rows',
        params: idParameters,
        body: predictionRequestSchema,
        response: { 200: predictionsSchema, ...failures },
      },
    },
    async (request) =>
      predict({ models: modelsOf(request), predictors }, request.params.id, () => ({
        rows: request.body.inputs,
        place: (pointer) => `/inputs${pointer}`,
      })),
  )

  done()
}

/** `x` alone gives rows of numbers by place, unless it is but one of the model's columns; anything else is one row by name. */
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
    return [name, cellOf(features.get(name), value, [name])] as const
  })
  return { rows: [Object.fromEntries(row)], place: (pointer) => pointer.replace(/^\/0/, '') }
}

/** A text as the feature's own kind of value; an empty one is a missing value. */
function cellOf(feature: FeatureCoding | undefined, text: string, place: PropertyKey[]): Cell {
  if (text === '') return null
  return feature?.type === 'number' ? numberOf(text, place) : text
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

function numberOf(text: string, place: PropertyKey[]): number {
  const number = Number(text)
  if (!decimal.test(text.trim()) || !Number.isFinite(number))
    throw invalid(place, `"${text}" is not a finite number`)
  return number
}

function invalid(place: PropertyKey[], message: string): Problem {
  const pointer = pointerTo(place)
  return new Problem('invalid-request', `${pointer}: ${message}`, [{ pointer, message }])
}
