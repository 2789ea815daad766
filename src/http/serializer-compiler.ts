import type { FastifySerializerCompiler } from 'fastify'
import type { z } from 'zod'
import { compileProjection } from './projection.js'

/** Serializes responses as JSON, restricted to their schemas. Only the tests validate the values. */
export const serializerCompiler: FastifySerializerCompiler<z.ZodType> = ({ schema }) => {
  const project = compileProjection(schema)
  return project === null ? JSON.stringify : (response) => JSON.stringify(project(response))
}
