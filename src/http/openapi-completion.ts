/** Completes the OpenAPI document that Fastify makes of the routes. */
import { isDeepStrictEqual } from 'node:util'
import { clientMessageSchema, jobsStreamMessageSchema, streamMessageSchema } from '../contract/stream.js'
import { sweepMessageSchema } from '../contract/sweep-stream.js'
import { describeWebhooks } from './openapi-webhooks.js'
import type { SchemaComponents } from './schema-components.js'

interface Operation {
  operationId?: string
  requestBody?: { required: boolean }
  responses: Record<string, { content?: object; $ref?: string }>
}

/** The parts that are completed. */
interface Document {
  paths?: Record<string, Record<string, Operation>>
  components?: object
  webhooks?: object
}

/** @param optionalBodies ids of the operations that need no body */
export function completeDocument(
  document: Document,
  components: SchemaComponents,
  optionalBodies: ReadonlySet<string>,
) {
  // No route has them as JSON.
  for (const schema of [streamMessageSchema, jobsStreamMessageSchema, sweepMessageSchema]) {
    components.convert(schema, 'output')
  }
  components.convert(clientMessageSchema, 'input')
  const webhooks = describeWebhooks(components)
  const completed = components.addTo({ ...document, webhooks })
  const operations = Object.values(completed.paths ?? {}).flatMap((path) => Object.values(path))
  for (const { operationId = '', requestBody } of operations) {
    if (requestBody !== undefined && optionalBodies.has(operationId)) requestBody.required = false
  }
  return { ...completed, components: { ...completed.components, responses: shareFailures(operations) } }
}

/**
 * Replaces the error responses, which are the same for all routes of a protocol, by one reference. Its status is
 * `default`, because few generators know `4XX`. Returns the responses by name.
 */
function shareFailures(operations: readonly Operation[]): Record<string, object> {
  const shared: Record<string, object> = {}
  for (const operation of operations) {
    const { '4XX': failure = {}, '5XX': _same, ...others } = operation.responses
    const isProblem = Object.hasOwn(failure.content ?? {}, 'application/problem+json')
    const name = isProblem ? 'Problem' : 'InferenceError'
    shared[name] ??= failure
    if (!isDeepStrictEqual(shared[name], failure)) throw new Error(`Two different responses are a ${name}`)
    operation.responses = { ...others, default: { $ref: `#/components/responses/${name}` } }
  }
  return shared
}
