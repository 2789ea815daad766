/** Parses JSON bodies: small ones on the event loop, large ones in a thread, which also validates them. */
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { z } from 'zod'
import { type BodyThread, toParsedBody } from '../bodies/body-thread.js'
import { parseJson } from '../bodies/parse-json.js'
import { findBodyName } from '../contract/bodies.js'
import { Problem } from '../contract/problems.js'
import { whileConnected } from './client-disconnect.js'
import { fingerprintPrefix } from './plugins/idempotency.js'
import { wholeBody } from './read-body.js'
import { markValidated } from './validator-compiler.js'

/** Larger bodies are parsed in the thread. */
const maximumInlineBytes = 32 * 1024

export function parseJsonBodies(app: FastifyInstance, thread: () => BodyThread): void {
  app.addHook('onRoute', requireBodyName)
  app.removeContentTypeParser(['application/json', 'text/plain'])
  const parse = wholeBody(async (request, body) => {
    const problem = encodingProblem(request)
    if (problem !== null) throw problem
    return parseJsonBody(thread(), request, body)
  })
  app.addContentTypeParser('application/json', parse)
}

/** Parses the JSON of a request, in the thread if it is large. @throws Problem */
export async function parseJsonBody(
  thread: BodyThread,
  request: FastifyRequest,
  json: Buffer,
): Promise<unknown> {
  return json.length <= maximumInlineBytes ? parseJson(json) : readInThread(thread, request, json)
}

/** Returns null for a body without a content encoding. */
export function encodingProblem({ headers }: FastifyRequest): Problem | null {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return null
  return new Problem(
    'unsupported-media-type',
    `Content encoding ${encoding} is not supported here; send the body without content-encoding.`,
  )
}

async function readInThread(thread: BodyThread, request: FastifyRequest, bytes: Buffer): Promise<unknown> {
  const schema = findJsonSchema(request.routeOptions.schema?.body)
  const name = schema === undefined ? undefined : findBodyName(schema)
  // The route does not read its body.
  if (name === undefined) return null
  const body = { bytes, name, prefix: fingerprintPrefix(request) }
  const tenantId = request.principal?.tenantId ?? ''
  const result = await whileConnected(request, (signal) => thread.read(body, { tenantId, signal }))
  const { value, fingerprint } = toParsedBody(result)
  markValidated(value)
  request.bodyFingerprint = fingerprint
  return value
}

/** Returns the schema of the JSON body, also where a route has a schema for each content type. */
function findJsonSchema(body: unknown): z.core.$ZodType | undefined {
  if (body instanceof z.core.$ZodType) return body
  if (typeof body !== 'object' || body === null || !('content' in body)) return undefined
  const { content } = body
  if (typeof content !== 'object' || content === null || !('application/json' in content)) return undefined
  const media = content['application/json']
  return typeof media === 'object' && media !== null && 'schema' in media
    ? findJsonSchema(media.schema)
    : undefined
}

/** The thread finds schemas by name. @throws Error if the body schema of a route has no name */
function requireBodyName({ method, url, schema }: RouteOptions): void {
  const body = findJsonSchema(schema?.body)
  const isFile = body instanceof z.core.$ZodUnknown
  if (body === undefined || isFile || findBodyName(body) !== undefined) return
  throw new Error(`the body of ${method} ${url} has no name in contract/bodies.ts`)
}
