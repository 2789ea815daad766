/** Validates requests by the Zod schemas of their routes. */
import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import { parseBySchema } from '../bodies/validate.js'
import { Problem } from '../contract/problems.js'

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  return (data) => {
    if (typeof data === 'object' && data !== null && validatedBodies.has(data)) return { value: data }
    const value = parseBySchema(schema, data, httpPart ?? 'request')
    return value instanceof Problem ? { error: value } : { value }
  }
}

/** Large bodies, which the thread has validated. A WeakSet, because a validator receives the body alone. */
const validatedBodies = new WeakSet<object>()

export function markValidated(body: object): void {
  validatedBodies.add(body)
}
