/** Datasets: upload, list, look. */
import { Readable } from 'node:stream'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { datasetSchema } from '../../contract/dataset.js'
import { Problem } from '../../contract/problems.js'
import { text } from '../../contract/text.js'
import { describeBuiltIn, listBuiltIns } from '../../training/built-in-datasets.js'
import type { DatasetStore } from '../../training/ports.js'
import { upload } from '../../training/upload.js'
import { sendEntityTags } from '../plugins/entity-tag.js'
import { defaultLimit, pageParameters } from '../query.js'
import { failures, idParameters, listOf, toList } from '../responses.js'

export interface DatasetRoutes {
  datasets: DatasetStore
  maximumBytes: number
}

export const datasetRoutes: FastifyPluginCallbackZod<DatasetRoutes> = (
  app,
  { datasets, maximumBytes },
  done,
) => {
  // Handed on unread: the use-case reads it as it arrives and counts the bytes.
  app.addContentTypeParser('text/csv', (_request, body, parsed) => parsed(null, body))

  sendEntityTags(app)

  app.post(
    '/datasets',
    {
      bodyLimit: maximumBytes,
      schema: {
        tags: ['datasets'],
        summary: 'Upload a CSV',
        description:
          'First line: the names of the columns. Features are numbers, the target a number or a category.',
        // Only described here: what arrives is a stream, which the use-case checks as it reads.
        body: z.unknown().meta({ type: 'string' }),
        consumes: ['text/csv'],
        querystring: z.strictObject({
          name: text(200).min(1).optional(),
          target: text(200).min(1).optional().describe('the column to predict; the last one when left out'),
        }),
        response: { 201: datasetSchema, ...failures },
      },
    },
    async ({ query, body }, reply) => {
      if (!(body instanceof Readable)) {
        throw new Problem('unsupported-media-type', 'Send the CSV as the body, with content-type: text/csv.')
      }
      const { name, target } = query
      const dataset = await upload(datasets, { body, name, target, maximumBytes })
      return reply.code(201).header('location', `/datasets/${dataset.id}`).send(dataset)
    },
  )

  app.get(
    '/datasets',
    {
      schema: {
        tags: ['datasets'],
        summary: 'List datasets',
        description: 'The first page begins with the built-in ones; uploads follow, newest first.',
        querystring: z.strictObject(pageParameters),
        response: { 200: listOf(datasetSchema), ...failures },
      },
    },
    async ({ query }) => {
      const page = await datasets.list({ ...query, limit: query.limit ?? defaultLimit })
      const data = query.after === undefined ? [...listBuiltIns(), ...page.data] : page.data
      return { ...toList({ ...page, data }), lastId: page.data.at(-1)?.id ?? null }
    },
  )

  app.get(
    '/datasets/:id',
    {
      schema: {
        tags: ['datasets'],
        summary: 'Look at a dataset',
        params: idParameters,
        response: { 200: datasetSchema, ...failures },
      },
    },
    async ({ params }) => {
      const dataset = describeBuiltIn(params.id) ?? (await datasets.get(params.id))
      if (dataset === null) throw new Problem('not-found', `There is no dataset ${params.id}.`)
      return dataset
    },
  )

  done()
}
