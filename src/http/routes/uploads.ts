/** Uploads of one file as the body, or of several files in a multipart form. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { datasetPreviewSchema, datasetSchema } from '../../contract/dataset.js'
import { text } from '../../contract/text.js'
import { formatParameters, uploadContentTypes } from '../../contract/upload.js'
import type { DatasetStore } from '../../training/ports/datasets.js'
import type { ModelStore } from '../../training/ports/models.js'
import type { Tenanted } from '../../training/ports/tenants.js'
import { previewUpload } from '../../training/preview.js'
import { likeColumns, type Upload, upload } from '../../training/upload.js'
import { sendInSlices } from '../chunked-body.js'
import { disconnectSignal } from '../client-disconnect.js'
import { closeUnlessReceived } from '../plugins/lingering-close.js'
import { preparationParameters, readPreparation } from '../preparation-parameters.js'
import { requirePrincipal } from '../principal.js'
import { failures } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import { acceptUploads, fileContents, uploadedFiles } from '../upload-files.js'

export interface UploadRoutes {
  datasets: Tenanted<Pick<DatasetStore, 'create' | 'get'>>
  models: Tenanted<Pick<ModelStore, 'get'>>
  uploadReader: Parameters<typeof upload>[1]
}

const querySchema = z.strictObject({
  name: text(200).min(1).optional().describe('name of the dataset'),
  ...preparationParameters,
  ...formatParameters,
  like: text(100)
    .min(1)
    .optional()
    .describe(
      'id of a dataset or model whose types, target and missing values apply to this file. The parameters target, ' +
        'types and missing take precedence',
    ),
})
type UploadQuery = z.infer<typeof querySchema>

const formats =
  'Formats: CSV, TSV, JSON lines, a JSON array of objects, Parquet, NumPy (.npy, .npz), IDX (pictures and labels in one ' +
  'form), or a ZIP with a folder of PNG and JPEG files for each class. Text and IDX may be compressed with gzip.'

const requestSchema = {
  body: { content: fileContents(uploadContentTypes) },
  querystring: querySchema,
}

export const uploadRoutes: RoutePlugin<UploadRoutes> = (app, { dependencies }, done) => {
  acceptUploads(app)

  async function withUpload<T>(
    request: FastifyRequest<{ Querystring: UploadQuery }>,
    reply: FastifyReply,
    handle: (upload: Upload) => Promise<T>,
  ): Promise<T> {
    const { name, target, types, missing, missingValues, like, ...options } = request.query
    try {
      const { tenantId, limits } = requirePrincipal(request)
      const { datasets, models } = dependencies()
      const stores = { datasets: datasets.of(tenantId), models: models.of(tenantId) }
      const reference = like === undefined ? undefined : await likeColumns(stores, like)
      const { decimal } = options
      return await handle({
        name,
        tenantId,
        limits,
        files: uploadedFiles(request),
        options,
        preparation: readPreparation({ target, types, missing, missingValues, decimal, like: reference }),
        signal: disconnectSignal(reply),
      })
    } catch (error) {
      closeUnlessReceived(request, reply)
      throw error
    }
  }

  app.post(
    '/datasets',
    {
      config: { scope: 'datasets:write', hasOwnTurns: true },
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        tags: ['datasets'],
        operationId: 'uploadDataset',
        summary: 'Upload a dataset',
        description: `${formats} POST /datasets/preview shows the result without storing it.`,
        ...requestSchema,
        response: { 201: datasetSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { datasets, uploadReader } = dependencies()
      const dataset = await withUpload(request, reply, (file) =>
        upload(datasets.of(requirePrincipal(request).tenantId), uploadReader, file),
      )
      return sendInSlices(reply.code(201).header('location', `/datasets/${dataset.id}`), dataset)
    },
  )

  app.post(
    '/datasets/preview',
    {
      config: { scope: 'datasets:write', hasOwnTurns: true },
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        tags: ['datasets'],
        operationId: 'previewDataset',
        summary: 'Preview an upload without storing it',
        description: `Takes the same files as POST /datasets, and stores nothing. ${formats}`,
        ...requestSchema,
        response: { 200: datasetPreviewSchema, ...failures },
      },
    },
    async (request, reply) => {
      const preview = await withUpload(request, reply, (file) =>
        previewUpload(dependencies().uploadReader, file),
      )
      return sendInSlices(reply, preview)
    },
  )

  done()
}
