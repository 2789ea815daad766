/** The rows of a dataset, as a person looks at them. */
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { datasetRowsSchema } from '../../contract/dataset.js'
import { text } from '../../contract/text.js'
import { datasetPicture, datasetRows, deleteDataset, jobRows } from '../../training/dataset-rows.js'
import type { GeneratedData } from '../../training/generated-data.js'
import { JobSplits } from '../../training/job-splits.js'
import type { PredictorPool } from '../../training/ports/predictor-pool.js'
import { callerOf } from '../caller.js'
import { sendEntityTags } from '../plugins/entity-tag.js'
import { integerParameter } from '../query.js'
import { failures, idParameters } from '../responses.js'
import type { DatasetRoutes } from './datasets.js'
import type { JobRoutes } from './jobs.js'

const defaultRows = 20
const maximumRows = 1_000
const largestRow = 2 ** 31 - 1

export interface DatasetRowRoutes extends Pick<DatasetRoutes, 'datasets'>, Pick<JobRoutes, 'jobs'> {
  predictors: Pick<PredictorPool, 'split'>
  generated: GeneratedData
}

const pageOfRows = z.strictObject({
  limit: integerParameter(1, maximumRows).optional().describe(`rows, ${defaultRows} when left out`),
  offset: integerParameter(0, largestRow).optional().describe('number of the first row, from 0'),
})

export const datasetRowRoutes: FastifyPluginCallbackZod<DatasetRowRoutes> = (
  app,
  { datasets, jobs, predictors, generated },
  done,
) => {
  sendEntityTags(app)
  const splits = new JobSplits(predictors)

  const datasetsOf = (request: FastifyRequest) => datasets.of(callerOf(request).tenantId)

  app.get(
    '/datasets/:id/rows',
    {
      config: { scope: 'datasets:read' },
      schema: {
        tags: ['datasets'],
        summary: 'List the rows of a dataset',
        description:
          'Raw values: numbers, names of categories, booleans, null where missing. A row has a cell for each of `columns`. ' +
          'Of a wide dataset come fewer rows than asked for, at most 100,000 cells; `hasMore` says whether more follow.',
        params: idParameters,
        querystring: pageOfRows,
        response: { 200: datasetRowsSchema, ...failures },
      },
    },
    async (request) => {
      const { params, query } = request
      const sources = { datasets: datasetsOf(request), generated }
      return datasetRows(sources, params.id, query.offset ?? 0, query.limit ?? defaultRows)
    },
  )

  app.get(
    '/jobs/:id/rows',
    {
      config: { scope: 'datasets:read' },
      schema: {
        tags: ['jobs'],
        summary: 'List the rows that a job trains on',
        description:
          'As GET /datasets/{id}/rows, of whatever the job names as its dataset: rows of its own and generated ones, too. ' +
          '`split=validation` names the rows that were held out.',
        params: idParameters,
        querystring: pageOfRows.extend({
          split: z
            .enum(['training', 'validation'])
            .optional()
            .describe('only the rows that train, or that validate; all rows of the dataset when left out'),
        }),
        response: { 200: datasetRowsSchema, ...failures },
      },
    },
    async (request) => {
      const { params, query } = request
      const { tenantId } = callerOf(request)
      const stores = { jobs: jobs.of(tenantId), datasets: datasets.of(tenantId), generated }
      const { offset = 0, limit = defaultRows, split } = query
      return jobRows(stores, splits, params.id, { offset, limit, split })
    },
  )

  app.get(
    '/datasets/:id/rows/:row/image.png',
    {
      config: { scope: 'datasets:read' },
      schema: {
        tags: ['datasets'],
        summary: 'Get a picture row as PNG',
        params: z.object({ id: text(100), row: integerParameter(0, largestRow) }),
        response: {
          200: {
            description: 'the picture',
            content: { 'image/png': { schema: z.unknown().meta({ type: 'string', format: 'binary' }) } },
          },
          ...failures,
        },
      },
    },
    async (request, reply) => {
      const { id, row } = request.params
      const png = await datasetPicture(datasetsOf(request), id, row)
      return reply.type('image/png').send(png)
    },
  )

  app.delete(
    '/datasets/:id',
    {
      config: { scope: 'datasets:write' },
      schema: {
        tags: ['datasets'],
        summary: 'Delete a dataset that no unfinished job uses',
        params: idParameters,
        response: { 204: z.null().describe('gone'), ...failures },
      },
    },
    async (request, reply) => {
      await deleteDataset(datasetsOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )

  done()
}
