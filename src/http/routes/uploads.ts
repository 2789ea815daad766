/** Uploads: a body of one file, or several files in a multipart form. */
import multipart, { type MultipartFile } from '@fastify/multipart'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { datasetPreviewSchema, datasetSchema } from '../../contract/dataset.js'
import { preparationOf, preparationParameters } from '../../contract/preparation.js'
import { Problem } from '../../contract/problems.js'
import { text } from '../../contract/text.js'
import { formatParameters, uploadContentTypes } from '../../contract/upload.js'
import type { DatasetStore, ModelStore, Tenanted } from '../../training/ports.js'
import { previewUpload } from '../../training/preview.js'
import { likeColumns, type Upload, upload } from '../../training/upload.js'
import { callerOf } from '../caller.js'
import { failures } from '../responses.js'

export interface UploadRoutes {
  datasets: Tenanted<Pick<DatasetStore, 'create' | 'get'>>
  models: Tenanted<Pick<ModelStore, 'get'>>
  uploadReader: Parameters<typeof upload>[1]
}

const multipartType = 'multipart/form-data'
/** Nothing but files is taken from a form. */
const fieldBytes = 1_024

const querySchema = z.strictObject({
  name: text(200).min(1).optional(),
  ...preparationParameters,
  ...formatParameters,
  like: text(100)
    .min(1)
    .optional()
    .describe(
      'a dataset or a model: the file is read with its types, target and missing values, as a validation file or ' +
        'further rows should be; what target, types and missing say wins',
    ),
})
type UploadQuery = z.infer<typeof querySchema>

const formats =
  'CSV or TSV, JSON lines or a JSON array of objects, Parquet, NumPy (.npy, .npz), IDX (pictures and labels in one form), or a ZIP of PNG and JPEG files in one folder a class; text and IDX also as gzip.'

const requestSchema = {
  // Only described here: what arrives is a stream, which the use-case checks as it reads.
  body: z.unknown().meta({ type: 'string', format: 'binary' }),
  consumes: [...uploadContentTypes, multipartType],
  querystring: querySchema,
}

export const uploadRoutes: FastifyPluginCallbackZod<UploadRoutes> = (
  app,
  { datasets, models, uploadReader },
  done,
) => {
  // The bytes are handed on unread and counted there, so the framework's own limits are lifted.
  app.register(multipart, {
    limits: { fileSize: Number.POSITIVE_INFINITY, files: Number.POSITIVE_INFINITY, fieldSize: fieldBytes },
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser([...uploadContentTypes], (_request, body, parsed) => parsed(null, body))
  app.addContentTypeParser('*', (request, _body, parsed) => parsed(notUnderstood(request)))

  async function received<T>(
    request: FastifyRequest<{ Querystring: UploadQuery }>,
    reply: FastifyReply,
    use: (upload: Upload) => Promise<T>,
  ): Promise<T> {
    const { name, target, types, missing, missingValues, like, ...options } = request.query
    try {
      const { tenantId, limits } = callerOf(request)
      const stores = { datasets: datasets.of(tenantId), models: models.of(tenantId) }
      const likes = like === undefined ? undefined : await likeColumns(stores, like)
      const { decimal } = options
      return await use({
        name,
        limits,
        files: filesOf(request),
        options,
        preparation: preparationOf({ target, types, missing, missingValues, decimal, like: likes }),
        signal: departure(reply),
      })
    } catch (error) {
      // The rest of the body is not waited for.
      if (!request.raw.complete) reply.header('connection', 'close')
      throw error
    }
  }

  app.post(
    '/datasets',
    {
      config: { scope: 'datasets:write' },
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        tags: ['datasets'],
        summary: 'Upload a dataset',
        description: `${formats} POST /datasets/preview shows what a file would be.`,
        ...requestSchema,
        response: { 201: datasetSchema, ...failures },
      },
    },
    async (request, reply) => {
      const dataset = await received(request, reply, (file) =>
        upload(datasets.of(callerOf(request).tenantId), uploadReader, file),
      )
      return reply.code(201).header('location', `/datasets/${dataset.id}`).send(dataset)
    },
  )

  app.post(
    '/datasets/preview',
    {
      config: { scope: 'datasets:write' },
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        tags: ['datasets'],
        summary: 'Look at what an upload would be',
        description: `Takes what POST /datasets takes, and stores nothing. ${formats}`,
        ...requestSchema,
        response: { 200: datasetPreviewSchema, ...failures },
      },
    },
    async (request, reply) => received(request, reply, (file) => previewUpload(uploadReader, file)),
  )

  done()
}

function notUnderstood(request: FastifyRequest): Problem {
  const given = request.headers['content-type']
  return new Problem(
    'unsupported-media-type',
    `${given === undefined ? 'There is no content-type' : `A body of content-type ${given} is no dataset`}: send a file as ${uploadContentTypes.join(', ')}, or in a form as ${multipartType}.`,
  )
}

/** Aborts when the client goes before it has its answer. */
function departure(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) {
      gone.abort(new Problem('invalid-request', 'The client went away before the upload was stored.'))
    }
  })
  return gone.signal
}

async function* filesOf(request: FastifyRequest): Upload['files'] {
  const contentType = request.headers['content-type']
  if (!request.isMultipart()) {
    if (contentType === undefined) throw notUnderstood(request)
    const body = isJson(contentType) ? arrayOnly(request.raw) : request.raw
    yield { name: 'body', contentType, body: wholeOrBroken(body) }
    return
  }
  for await (const part of partsOf(request)) {
    yield { name: part.filename, contentType: part.mimetype, body: wholeOrBroken(part.file) }
  }
}

const isJson = (contentType: string) => /^application\/json\b/i.test(contentType)

/** JSON that is no list is a request for something else. Throws Problem `unsupported-media-type`. */
async function* arrayOnly(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isKnown = false
  for await (const chunk of body) {
    const start = Buffer.from(chunk).toString('latin1').trimStart()
    if (!isKnown && start !== '' && !/^(\xef\xbb\xbf\s*)?\[/.test(start)) {
      throw new Problem(
        'unsupported-media-type',
        'A body of content-type application/json is taken for a list of objects, [{"column": value, …}, …], and this is ' +
          'none: send an object a line as application/jsonl, or a table as text/csv.',
      )
    }
    isKnown ||= start !== ''
    yield chunk
  }
}

async function* partsOf(request: FastifyRequest): AsyncGenerator<MultipartFile> {
  const parts = request.parts()
  for (;;) {
    const { done, value: part } = await parts.next().catch((error) => Promise.reject(brokenOff(error)))
    if (done) return
    if (part.type !== 'file') {
      throw new Problem(
        'invalid-request',
        `The form has a field ${JSON.stringify(part.fieldname.slice(0, 40))} that is no file; what is to be said of the file goes into the address, as in ?target=species.`,
      )
    }
    yield part
  }
}

async function* wholeOrBroken(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    throw error instanceof Problem ? error : brokenOff(error)
  }
}

function brokenOff(error: unknown): Problem {
  return new Problem(
    'invalid-request',
    `The upload cannot be read: ${error instanceof Error ? error.message : error}.`,
  )
}
