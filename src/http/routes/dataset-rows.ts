/** The rows of a dataset or job for display, and the deletion of a dataset. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { datasetRowsSchema } from '../../contract/dataset.js'
import { text } from '../../contract/text.js'
import { datasetPicture, datasetRows, deleteDataset, jobRows } from '../../training/dataset-rows.js'
import type { GeneratedData } from '../../training/generated-data.js'
import type { JobSplits } from '../../training/job-splits.js'
import { type ActorSource, actorOf } from '../actor.js'
import { sendEntityTags } from '../plugins/entity-tags.js'
import { requirePrincipal } from '../principal.js'
import { integerParameter } from '../query-parameters.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import type { DatasetRoutes } from './datasets.js'
import type { JobRoutes } from './jobs.js'

const defaultRows = 20
const maximumRows = 1_000
const largestRow = 2 ** 31 - 1

interface DatasetRowRoutes extends Pick<DatasetRoutes, 'datasets'>, Pick<JobRoutes, 'jobs'>, ActorSource {
  splits: JobSplits
  generated: GeneratedData
}

const pageOfRows = z.strictObject({
  limit: integerParameter(1, maximumRows).optional().describe(`number of rows, ${defaultRows} by default`),
  offset: integerParameter(0, largestRow).optional().describe('index of the first row, from 0'),
})

export const datasetRowRoutes: RoutePlugin<DatasetRowRoutes> = (app, { dependencies }, done) => {
  sendEntityTags(app)
  const tenantDatasets = (request: FastifyRequest) =>
    dependencies().datasets.of(requirePrincipal(request).tenantId)
  const tenantGenerated = (request: FastifyRequest) =>
    dependencies().generated.of(requirePrincipal(request).tenantId)

  app.get(
    '/datasets/:id/rows',
    {
      config: { scope: 'datasets:read' },
      schema: {
        tags: ['datasets'],
        operationId: 'listDatasetRows',
        summary: 'List the rows of a dataset',
        description:
          'Raw values: numbers, names of categories, booleans, and null if missing. A row has a cell for each of `columns`. ' +
          'A page has at most 100,000 cells and a million characters of text, so wide datasets and long texts return fewer rows; ' +
          '`hasMore` is true if more follow.',
        params: idParameters,
        querystring: pageOfRows,
        response: { 200: datasetRowsSchema, ...failures },
      },
    },
    async (request) => {
      const { params, query } = request
      const sources = { datasets: tenantDatasets(request), generated: tenantGenerated(request) }
      return datasetRows(sources, params.id, query.offset ?? 0, query.limit ?? defaultRows)
    },
  )

  app.get(
    '/jobs/:id/rows',
    {
      config: { scope: 'datasets:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'listJobRows',
        summary: 'List the rows that a job trains on',
        description:
          'Like GET /datasets/{id}/rows, for any dataset of a job, also its inline rows and generated ones. ' +
          '`split=validation` selects the rows that were held out, and `split=test` those that testSplit keeps apart.',
        params: idParameters,
        querystring: pageOfRows.extend({
          split: z
            .enum(['training', 'validation', 'test'])
            .optional()
            .describe('only the training, validation or test rows; all rows of the dataset by default'),
        }),
        response: { 200: datasetRowsSchema, ...failures },
      },
    },
    async (request) => {
      const { params, query } = request
      const { tenantId } = requirePrincipal(request)
      const { jobs, datasets, generated, splits } = dependencies()
      const stores = {
        jobs: jobs.of(tenantId),
        datasets: datasets.of(tenantId),
        generated: generated.of(tenantId),
      }
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
        operationId: 'getRowImage',
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
      const png = await datasetPicture(tenantDatasets(request), id, row)
      return reply.type('image/png').send(png)
    },
  )

  app.delete(
    '/datasets/:id',
    {
      config: { scope: 'datasets:write' },
      schema: {
        tags: ['datasets'],
        operationId: 'deleteDataset',
        summary: 'Delete a dataset that no unfinished job uses',
        params: idParameters,
        response: { 204: z.null().describe('deleted'), ...failures },
      },
    },
    async (request, reply) => {
      await deleteDataset(tenantDatasets(request), request.params.id, actorOf(request, dependencies()))
      return reply.code(204).send(null)
    },
  )

  done()
}
