/** Jobs: start, look, cancel. Watching one live is in stream.ts. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { jobRequestSchema, jobSchema, jobStatusSchema, resumeRequestSchema } from '../../contract/job.js'
import { Problem } from '../../contract/problems.js'
import { cancel, pause, remove, resume } from '../../training/control.js'
import type { IdempotencyStore, JobStore } from '../../training/ports.js'
import { type SubmitDependencies, submit } from '../../training/submit.js'
import { answerOnce, idempotencyHeaders } from '../plugins/idempotency.js'
import { traceOf } from '../plugins/tracing.js'
import { defaultLimit, pageParameters } from '../query.js'
import { failures, idParameters, listOf, toList } from '../responses.js'

export interface JobRoutes {
  jobs: JobStore
  submission: SubmitDependencies
  idempotency: IdempotencyStore
}

export const jobRoutes: FastifyPluginCallbackZod<JobRoutes> = (
  app,
  { jobs, submission, idempotency },
  done,
) => {
  app.post(
    '/jobs',
    {
      schema: {
        tags: ['jobs'],
        summary: 'Start a training',
        headers: idempotencyHeaders,
        body: jobRequestSchema,
        response: { 202: jobSchema.describe('accepted, stored and queued'), ...failures },
      },
    },
    async (request, reply) => {
      const { traceId } = traceOf(request)
      const job = await answerOnce(idempotency, jobSchema, request, reply, (once) =>
        submit(submission, request.body, { traceId, once }),
      )
      return reply.code(202).header('location', job.links.self).send(job)
    },
  )

  app.get(
    '/jobs',
    {
      schema: {
        tags: ['jobs'],
        summary: 'List jobs, newest first',
        querystring: z.strictObject({ ...pageParameters, status: jobStatusSchema.optional() }),
        response: { 200: listOf(jobSchema), ...failures },
      },
    },
    async ({ query }) => toList(await jobs.list({ ...query, limit: query.limit ?? defaultLimit })),
  )

  app.get(
    '/jobs/:id',
    {
      schema: {
        tags: ['jobs'],
        summary: 'Look at a job',
        params: idParameters,
        response: { 200: jobSchema, ...failures },
      },
    },
    async ({ params }) => {
      const job = await jobs.get(params.id)
      if (job === null) throw new Problem('not-found', `There is no job ${params.id}.`)
      return job
    },
  )

  app.post(
    '/jobs/:id/cancel',
    {
      schema: {
        tags: ['jobs'],
        summary: 'Cancel a job',
        params: idParameters,
        response: { 200: jobSchema, ...failures },
      },
    },
    async ({ params }) => cancel(jobs, params.id),
  )

  app.post(
    '/jobs/:id/pause',
    {
      schema: {
        tags: ['jobs'],
        summary: 'Pause a queued or running job; its progress is kept',
        params: idParameters,
        response: { 200: jobSchema, ...failures },
      },
    },
    async ({ params }) => pause(jobs, params.id),
  )

  app.post(
    '/jobs/:id/resume',
    {
      schema: {
        tags: ['jobs'],
        summary: 'Resume a paused job, perhaps with other settings',
        params: idParameters,
        body: resumeRequestSchema,
        response: { 200: jobSchema, ...failures },
      },
    },
    async ({ params, body }) => resume(jobs, submission.queue, params.id, body, submission.onQueueError),
  )

  app.delete(
    '/jobs/:id',
    {
      schema: {
        tags: ['jobs'],
        summary: 'Delete a finished job; its model stays',
        params: idParameters,
        response: { 204: z.null().describe('gone'), ...failures },
      },
    },
    async ({ params }, reply) => {
      await remove(jobs, params.id)
      return reply.code(204).send(null)
    },
  )

  done()
}
