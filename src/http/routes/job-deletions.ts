/** Deleting jobs that have ended: one by its id, or the old ones. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { finishedStatuses } from '../../contract/job.js'
import { remove } from '../../training/control.js'
import type { JobStore } from '../../training/ports/jobs.js'
import type { Tenanted } from '../../training/ports/tenants.js'
import { callerOf } from '../caller.js'
import { failures, idParameters } from '../responses.js'

export interface JobDeletionRoutes {
  jobs: Tenanted<JobStore>
}

/** Of one request, so that it does not last for minutes. */
const most = 10_000

const deletionSchema = z.object({
  object: z.literal('deletion'),
  deleted: z.int().describe('jobs'),
  hasMore: z.boolean().describe(`true after ${most}: send the request again for the rest`),
})

export const jobDeletionRoutes: FastifyPluginCallbackZod<JobDeletionRoutes> = (app, { jobs }, done) => {
  app.delete(
    '/jobs/:id',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        summary: 'Delete a finished job, without its model',
        params: idParameters,
        response: { 204: z.null().describe('gone'), ...failures },
      },
    },
    async (request, reply) => {
      await remove(jobs.of(callerOf(request).tenantId), request.params.id)
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/jobs',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        summary: 'Delete jobs that ended before a time, without their models',
        description: `The oldest first, at most ${most.toLocaleString('en')} a request.`,
        querystring: z.strictObject({
          before: z.iso.datetime({ offset: true }).describe('they ended before this time'),
          status: z.enum(finishedStatuses).optional().describe('only those that ended so'),
        }),
        response: { 200: deletionSchema, ...failures },
      },
    },
    async (request) => {
      const { before, status } = request.query
      const statuses = status === undefined ? finishedStatuses : [status]
      const store = jobs.of(callerOf(request).tenantId)
      const deleted = await store.deleteEnded(statuses, new Date(before), most)
      return { object: 'deletion' as const, deleted, hasMore: deleted === most }
    },
  )

  done()
}
