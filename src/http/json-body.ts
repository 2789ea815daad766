/** Bodies of JSON: small ones are read at once, and checked with the rest of the request; large ones in a thread. */
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { z } from 'zod'
import { findBodyName } from '../contract/bodies.js'
import { Problem } from '../contract/problems.js'
import { readJson } from './json-text.js'
import { type BodyThread, bodyOf } from './large-bodies.js'
import { fingerprintPrefix, rememberFingerprint } from './plugins/idempotency.js'
import { markChecked } from './validation.js'

/** What is read on the event loop, in a few milliseconds at most. */
const bytesAtOnce = 32 * 1024

export function parseJsonBodies(app: FastifyInstance, thread: BodyThread): void {
  app.addHook('onRoute', refuseNameless)
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      const encoded = refuseEncoding(request)
      if (encoded !== null) throw encoded
      return body.length <= bytesAtOnce ? readJson(body) : readInThread(thread, request, body)
    },
  )
}

/** Why an encoded body is refused; null for a body that is not encoded. */
export function refuseEncoding({ headers }: FastifyRequest): Problem | null {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return null
  return new Problem(
    'unsupported-media-type',
    `Content encoding ${encoding} is not supported here; send it without content-encoding.`,
  )
}

async function readInThread(thread: BodyThread, request: FastifyRequest, bytes: Buffer): Promise<unknown> {
  const schema = jsonSchemaOf(request.routeOptions.schema?.body)
  const name = schema === undefined ? undefined : findBodyName(schema)
  // Of no use to the route.
  if (name === undefined) return null
  const answer = await thread.read({ bytes, name, prefix: fingerprintPrefix(request) })
  const { value, fingerprint } = bodyOf(answer)
  markChecked(value)
  if (fingerprint !== null) rememberFingerprint(value, fingerprint)
  return value
}

/** Of the body as JSON. */
function jsonSchemaOf(body: unknown): z.core.$ZodType | undefined {
  if (body instanceof z.core.$ZodType) return body
  if (typeof body !== 'object' || body === null || !('content' in body)) return undefined
  const { content } = body
  if (typeof content !== 'object' || content === null || !('application/json' in content)) return undefined
  const media = content['application/json']
  return typeof media === 'object' && media !== null && 'schema' in media
    ? jsonSchemaOf(media.schema)
    : undefined
}

/** The thread finds schemas by name. @throws Error at a route whose body has none */
function refuseNameless({ method, url, schema }: RouteOptions): void {
  const body = jsonSchemaOf(schema?.body)
  if (body === undefined || findBodyName(body) !== undefined) return
  const isUpload = schema !== undefined && 'consumes' in schema
  if (!isUpload) throw new Error(`the body of ${method} ${url} has no name in contract/bodies.ts`)
}
