import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { datasetSchema } from '../../contract/dataset.js'
import { Problem } from '../../contract/problems.js'
import { describeBuiltIn, listBuiltIns } from '../../training/built-in-datasets.js'
import type { DatasetStore } from '../../training/ports/datasets.js'
import type { Tenanted } from '../../training/ports/tenants.js'
import { sendInSlices } from '../chunked-body.js'
import { sendEntityTags } from '../plugins/entity-tags.js'
import { requirePrincipal } from '../principal.js'
import { defaultLimit, pageParameters } from '../query-parameters.js'
import { failures, idParameters, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface DatasetRoutes {
  datasets: Tenanted<DatasetStore>
}

export const datasetRoutes: RoutePlugin<DatasetRoutes> = (app, { dependencies }, done) => {
  sendEntityTags(app)

  const tenantDatasets = (request: FastifyRequest) =>
    dependencies().datasets.of(requirePrincipal(request).tenantId)

  app.get(
    '/datasets',
    {
      config: { scope: 'datasets:read' },
      schema: {
        tags: ['datasets'],
        operationId: 'listDatasets',
        summary: 'List datasets',
        description: 'The first page starts with the built-in datasets; uploads follow, newest first.',
        querystring: z.strictObject(pageParameters),
        response: { 200: listSchema(datasetSchema), ...failures },
      },
    },
    async (request, reply) => {
      const { query } = request
      const page = await tenantDatasets(request).list({ ...query, limit: query.limit ?? defaultLimit })
      const data = query.after === undefined ? [...listBuiltIns(), ...page.data] : page.data
      return sendInSlices(reply, toList({ ...page, data }))
    },
  )

  app.get(
    '/datasets/:id',
    {
      config: { scope: 'datasets:read' },
      schema: {
        tags: ['datasets'],
        operationId: 'getDataset',
        summary: 'Get a dataset',
        params: idParameters,
        response: { 200: datasetSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const dataset = describeBuiltIn(id) ?? (await tenantDatasets(request).get(id))
      if (dataset === null) throw new Problem('not-found', `There is no dataset ${id}.`)
      return sendInSlices(reply, dataset)
    },
  )

  done()
}
