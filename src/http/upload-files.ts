/** Files that arrive as the body of a request, or in a form, as streams. */
import multipart, { type MultipartFile } from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from '../contract/problems.js'
import { uploadContentTypes } from '../contract/upload.js'
import type { Upload } from '../training/upload.js'

export const multipartType = 'multipart/form-data'
/** Nothing but files is taken from a form. */
const fieldBytes = 1_024

/** The routes of this plugin get bodies of files unread; those of `except` are left to other parsers. */
export function acceptUploads(app: FastifyInstance, except: readonly string[] = []): void {
  // The bytes are handed on unread and counted there, so the framework's own limits are lifted.
  app.register(multipart, {
    limits: { fileSize: Number.POSITIVE_INFINITY, files: Number.POSITIVE_INFINITY, fieldSize: fieldBytes },
  })
  app.removeAllContentTypeParsers()
  const types = uploadContentTypes.filter((type) => !except.includes(type))
  app.addContentTypeParser(types, (_request, body, parsed) => parsed(null, body))
  app.addContentTypeParser('*', (request, _body, parsed) => parsed(notUnderstood(request)))
}

function notUnderstood(request: FastifyRequest): Problem {
  const given = request.headers['content-type']
  return new Problem(
    'unsupported-media-type',
    `${given === undefined ? 'The content-type header is missing' : `The content type ${given} is not supported here`}: send a file as ${uploadContentTypes.join(', ')}, or in a form as ${multipartType}.`,
  )
}

export async function* filesOf(request: FastifyRequest): Upload['files'] {
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
        `The form has a field ${JSON.stringify(part.fieldname.slice(0, 40))} that is not a file. Options of the upload go into the query string, as in ?target=species.`,
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
