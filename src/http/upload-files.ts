/** Uploaded files as streams: the body of a request, or the files of a multipart form. */
import multipart, { type MultipartFile } from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Problem } from '../contract/problems.js'
import { uploadContentTypes } from '../contract/upload.js'
import { uploadLane } from '../training/bulk-work.js'
import type { Upload } from '../training/upload.js'
import { requirePrincipal } from './principal.js'

export const multipartType = 'multipart/form-data'

const file = { type: 'string', format: 'binary' }
const form = { type: 'object', properties: { file: { type: 'array', items: file } }, required: ['file'] }

/** The schema of a route that takes files. For the document only: the body is a stream, which its reader validates. */
export function fileContents(types: readonly string[]) {
  const contents = types.map((type) => [type, { schema: z.unknown().meta(file) }] as const)
  return { ...Object.fromEntries(contents), [multipartType]: { schema: z.unknown().meta(form) } }
}

/** Form fields that are not files are refused, so a small buffer is enough. */
const fieldBytes = 1_024

/** Passes bodies of the upload types to the routes of `app` unread, without those of `except`. */
export function acceptUploads(app: FastifyInstance, except: readonly string[] = []): void {
  // The reader of the upload enforces the limits.
  app.register(multipart, {
    limits: { fileSize: Number.POSITIVE_INFINITY, files: Number.POSITIVE_INFINITY, fieldSize: fieldBytes },
  })
  app.removeAllContentTypeParsers()
  const types = uploadContentTypes.filter((type) => !except.includes(type))
  app.addContentTypeParser(types, (_request, body, done) => done(null, body))
  app.addContentTypeParser('*', (request, _body, done) => done(unsupportedType(request)))
}

function unsupportedType(request: FastifyRequest): Problem {
  const given = request.headers['content-type']
  return new Problem(
    'unsupported-media-type',
    `${given === undefined ? 'The content-type header is missing' : `The content type ${given} is not supported here`}: send a file as ${uploadContentTypes.join(', ')}, or in a form as ${multipartType}.`,
  )
}

export async function* uploadedFiles(request: FastifyRequest): Upload['files'] {
  const contentType = request.headers['content-type']
  const { tenantId } = requirePrincipal(request)
  if (!request.isMultipart()) {
    if (contentType === undefined) throw unsupportedType(request)
    const body = isJson(contentType) ? arrayOnly(request.raw) : request.raw
    yield { name: 'body', contentType, body: withUploadProblems(body, tenantId) }
    return
  }
  for await (const part of readParts(request)) {
    yield { name: part.filename, contentType: part.mimetype, body: withUploadProblems(part.file, tenantId) }
  }
}

const isJson = (contentType: string) => /^application\/json\b/i.test(contentType)

/** @throws Problem `unsupported-media-type` for JSON that is not a list */
async function* arrayOnly(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isKnown = false
  for await (const chunk of body) {
    const start = Buffer.from(chunk).toString('latin1').trimStart()
    if (!isKnown && start !== '' && !/^(\xef\xbb\xbf\s*)?\[/.test(start)) {
      throw new Problem(
        'unsupported-media-type',
        'A body of content-type application/json must be a list of objects, [{"column": value, …}, …]. ' +
          'Send one object a line as application/jsonl, or a table as text/csv.',
      )
    }
    isKnown ||= start !== ''
    yield chunk
  }
}

async function* readParts(request: FastifyRequest): AsyncGenerator<MultipartFile> {
  const parts = request.parts()
  for (;;) {
    const { done, value: part } = await parts.next().catch((error) => Promise.reject(uploadProblem(error)))
    if (done) return
    if (part.type !== 'file') {
      throw new Problem(
        'invalid-request',
        `The form has a field ${JSON.stringify(part.fieldname.slice(0, 40))} that is not a file. Send upload options in the query string, as in ?target=species.`,
      )
    }
    yield part
  }
}

export async function* withUploadProblems(
  body: AsyncIterable<Uint8Array>,
  tenantId: string,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body) yield await uploadLane.run(tenantId, () => piece)
  } catch (error) {
    throw error instanceof Problem ? error : uploadProblem(error)
  }
}

export function uploadProblem(error: unknown): Problem {
  return new Problem(
    'invalid-request',
    `The upload cannot be read: ${error instanceof Error ? error.message : error}.`,
  )
}
