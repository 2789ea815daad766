/** Describes the requests and responses of one route, with its scope, for the OpenAPI document. */
import { STATUS_CODES } from 'node:http'
import type { FastifyContextConfig, FastifySchema } from 'fastify'
import { z } from 'zod'
import type { SchemaComponents } from './schema-components.js'

type Access = Pick<FastifyContextConfig, 'scope' | 'acceptsScope' | 'acceptsShareLink'>

/** Schemas by content type. */
interface Contents {
  content: Record<string, { schema: z.ZodType }>
}

const hasContents = (schema: unknown): schema is Contents =>
  typeof schema === 'object' && schema !== null && !(schema instanceof z.ZodType) && 'content' in schema

export const hasOptionalBody = ({ body }: FastifySchema): boolean => body instanceof z.ZodOptional

export function describeRoute(
  schema: FastifySchema,
  access: Access,
  components: SchemaComponents,
): FastifySchema {
  const { body, querystring, params, headers, response, description, ...texts } = schema
  const parameters = Object.entries({ querystring, params, headers }).flatMap(([place, part]) =>
    part instanceof z.ZodType ? [[place, components.convert(part, 'input')]] : [],
  )
  const responses = Object.entries(response ?? {}).map(([status, each]) => {
    return [status, describeResponse(status, each, components)]
  })
  return {
    ...texts,
    ...describeAccess(access, description),
    ...Object.fromEntries(parameters),
    ...(body === undefined ? {} : { body: describeBody(body, components) }),
    response: Object.fromEntries(responses),
  }
}

function describeAccess(access: Access, description = ''): FastifySchema {
  const { scope, acceptsScope, acceptsShareLink } = access
  if (scope === 'public') return { ...(description === '' ? {} : { description }), security: [] }
  const others = acceptsScope === undefined ? '' : ` or \`${acceptsScope}\``
  const requirement =
    scope === 'any' ? 'Needs a key that may do more than predict.' : `Needs the scope \`${scope}\`${others}.`
  const alternative = acceptsShareLink === true ? 'A share link of the job replaces the key.' : ''
  return { description: [description, requirement, alternative].filter(Boolean).join(' ') }
}

function describeBody(body: unknown, components: SchemaComponents): unknown {
  const convert = (schema: z.ZodType) => {
    const { examples } = schema.meta() ?? {}
    return { ...components.convert(schema, 'input'), ...(examples === undefined ? {} : { examples }) }
  }
  if (hasContents(body)) return mapContents(body, convert)
  return body instanceof z.ZodType ? convert(withoutNull(body)) : body
}

/** A request without a body is validated as null. Clients send none. */
function withoutNull(schema: z.core.$ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return withoutNull(schema.unwrap())
  if (!(schema instanceof z.ZodType)) throw new Error('A body is a schema of zod/mini')
  return schema
}

function describeResponse(status: string, response: unknown, components: SchemaComponents): unknown {
  const convert = (schema: z.ZodType) => components.convert(schema, 'output')
  if (hasContents(response)) return mapContents(response, convert)
  if (!(response instanceof z.ZodType)) return response
  const { description = STATUS_CODES[status], ...schema } = convert(response)
  return { ...schema, 'x-response-description': description }
}

function mapContents(contents: Contents, convert: (schema: z.ZodType) => object): object {
  const content = Object.entries(contents.content).map(([type, { schema }]) => [
    type,
    { schema: convert(schema) },
  ])
  return { ...contents, content: Object.fromEntries(content) }
}
