import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'

const withId = z.object({ id: z.string() })

/** The object that a request names or creates: a job, or the id of another object. */
export function requestSubject(
  request: FastifyRequest,
  reply: FastifyReply,
): { jobId: string | undefined } | { id: string | undefined } {
  const { data } = withId.safeParse(request.params)
  // The id of a created job is only in its address.
  const created = /^\/jobs\/([^/]+)$/.exec(String(reply.getHeader('location')))?.[1]
  return request.routeOptions.url?.startsWith('/jobs') ? { jobId: data?.id ?? created } : { id: data?.id }
}
