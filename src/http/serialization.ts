/** Answers as JSON: cut to their schemas, whose values are not checked again; the tests check them. */
import type { FastifySerializerCompiler } from 'fastify'
import type { z } from 'zod'
import { projectionOf } from './projection.js'

export const serializerCompiler: FastifySerializerCompiler<z.ZodType> = ({ schema }) => {
  const project = projectionOf(schema)
  return project === null ? JSON.stringify : (answer) => JSON.stringify(project(answer))
}
