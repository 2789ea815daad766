/** Deletion of finished jobs: one by its id, or those that ended before a time. */
import { z } from 'zod'
import { deletionSchema, maximumDeletions } from '../../contract/job-deletion.js'
import { finishedStatuses } from '../../contract/job-status.js'
import { remove } from '../../training/control.js'
import type { JobStore } from '../../training/ports/jobs.js'
import type { Tenanted } from '../../training/ports/tenants.js'
import { type ActorSource, actorOf } from '../actor.js'
import { requirePrincipal } from '../principal.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface JobDeletionRoutes extends ActorSource {
  jobs: Tenanted<JobStore>
}

export const jobDeletionRoutes: RoutePlugin<JobDeletionRoutes> = (app, { dependencies }, done) => {
  app.delete(
    '/jobs/:id',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'deleteJob',
        summary: 'Delete a finished job, without its model',
        params: idParameters,
        response: { 204: z.null().describe('deleted'), ...failures },
      },
    },
    async (request, reply) => {
      const jobs = dependencies().jobs.of(requirePrincipal(request).tenantId)
      await remove(jobs, request.params.id, actorOf(request, dependencies()))
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/jobs',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'deleteJobs',
        summary: 'Delete jobs that ended before a time, without their models',
        description: `Deletes the oldest first, at most ${maximumDeletions.toLocaleString('en')} a request.`,
        querystring: z.strictObject({
          before: z.iso.datetime({ offset: true }).describe('only jobs that ended before this time'),
          status: z.enum(finishedStatuses).optional().describe('only jobs with this status'),
        }),
        response: { 200: deletionSchema, ...failures },
      },
    },
    async (request) => {
      const { before, status } = request.query
      const statuses = status === undefined ? finishedStatuses : [status]
      const { jobs } = dependencies()
      const store = jobs.of(requirePrincipal(request).tenantId)
      const actor = actorOf(request, dependencies())
      const deleted = await store.deleteEnded(statuses, new Date(before), maximumDeletions, actor)
      return { object: 'deletion' as const, deleted, hasMore: deleted === maximumDeletions }
    },
  )

  done()
}
