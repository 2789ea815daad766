/** Checks what an application answers by the schemas of its routes, which the service itself trusts. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'

/** To be called before the application is ready: an answer that does not fit becomes a 500. */
export function checkAnswers(app: FastifyInstance): void {
  app.addHook('preSerialization', (request, reply, answer, done) => {
    const schema = schemaOf(request.routeOptions.schema?.response, reply.statusCode)
    const error = schema === undefined ? undefined : z.safeEncode(schema, answer).error
    if (error !== undefined) throw error
    done(null, answer)
  })
}

/** Of JSON, by the status or its class. */
function schemaOf(response: unknown, status: number): z.ZodType | undefined {
  const answers = new Map(Object.entries(response ?? {}))
  const answer: unknown = answers.get(String(status)) ?? answers.get(`${Math.floor(status / 100)}xx`)
  if (answer instanceof z.ZodType || answer === undefined) return answer
  const { content } = z
    .object({ content: z.record(z.string(), z.object({ schema: z.instanceof(z.ZodType) })) })
    .parse(answer)
  return Object.entries(content).find(([type]) => type.endsWith('json'))?.[1].schema
}
