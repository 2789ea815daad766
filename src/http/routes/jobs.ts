import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { jobSchema } from '../../contract/job.js'
import { changesRun, jobChangeSchema, resumeRequestSchema } from '../../contract/job-change.js'
import { jobEventSchema } from '../../contract/job-event.js'
import { jobRequestSchema } from '../../contract/job-request.js'
import { jobValidationSchema } from '../../contract/job-spec.js'
import { jobStatusSchema } from '../../contract/job-status.js'
import { Problem } from '../../contract/problems.js'
import { cancel, changeRun, pause, resume } from '../../training/control.js'
import type { JobStore } from '../../training/ports/jobs.js'
import type { Tenanted } from '../../training/ports/tenants.js'
import { type SubmitDependencies, submit } from '../../training/submit.js'
import { type ValidateDependencies, validate } from '../../training/validate.js'
import { type Idempotency, idempotencyHeaders } from '../plugins/idempotency.js'
import { requirePrincipal } from '../principal.js'
import {
  defaultLimit,
  jobIdsParameter,
  labelParameters,
  pageParameters,
  readLabels,
} from '../query-parameters.js'
import { requestOrigin } from '../request-trace.js'
import { failures, idParameters, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

/** Jobs that one request can list by id. */
const maximumIds = 100

export interface JobRoutes {
  jobs: Tenanted<JobStore>
  submission: SubmitDependencies & ValidateDependencies
  idempotency: Idempotency
}

export const jobRoutes: RoutePlugin<JobRoutes> = (app, { dependencies }, done) => {
  const tenantJobs = (request: FastifyRequest) => dependencies().jobs.of(requirePrincipal(request).tenantId)

  app.post(
    '/jobs',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'createJob',
        summary: 'Start a training',
        headers: idempotencyHeaders,
        body: jobRequestSchema,
        response: {
          200: jobSchema.describe('answered by the stored run of an equal job, which `reusedFrom` names'),
          202: jobSchema.describe('accepted, stored and queued'),
          ...failures,
        },
      },
    },
    async (request, reply) => {
      const { submission, idempotency } = dependencies()
      const origin = requestOrigin(request)
      const job = await idempotency.answerOnce(request, reply, (once) =>
        submit(submission, requirePrincipal(request), request.body, origin, once),
      )
      // A replayed answer of an earlier release has no `reusedFrom`.
      return reply
        .code(job.reusedFrom ? 200 : 202)
        .header('location', job.links.self)
        .send(job)
    },
  )

  app.post(
    '/jobs/validate',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'validateJob',
        summary: 'Check a training without starting it',
        description:
          'Returns the spec that would be accepted, its layers, memory, work, and estimated time. Nothing is stored or ' +
          'queued. Refusals are the same as those of `POST /jobs`.',
        body: jobRequestSchema,
        response: { 200: jobValidationSchema, ...failures },
      },
    },
    async (request) => validate(dependencies().submission, requirePrincipal(request), request.body),
  )

  app.get(
    '/jobs',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'listJobs',
        summary: 'List jobs, newest first, or by id',
        querystring: z
          .strictObject({
            ...pageParameters,
            status: jobStatusSchema.optional(),
            ...labelParameters,
            epochModels: z
              .enum(['true', 'false'])
              .optional()
              .describe(
                '`false` omits jobs that only repeat epochs of another job, as those of ' +
                  '`POST /jobs/{id}/epochs/{epoch}/model` do',
              ),
            ids: jobIdsParameter(maximumIds)
              .optional()
              .describe(
                `instead of a page: the jobs with these ids, separated by commas, at most ${maximumIds}; in this order, ` +
                  'without jobs that do not exist',
              ),
          })
          .refine(({ ids, ...others }) => ids === undefined || Object.keys(others).length === 0, {
            path: ['ids'],
            message: 'cannot be combined with other parameters',
          }),
        response: { 200: listSchema(jobSchema), ...failures },
      },
    },
    async (request) => {
      const { ids, limit = defaultLimit, tag, metadata, epochModels, ...filters } = request.query
      const omitsRepeated = epochModels === 'false'
      const page = { ...filters, limit, labels: readLabels({ tag, metadata }), omitsRepeated }
      if (ids === undefined) return toList(await tenantJobs(request).list(page))
      return toList({ data: await tenantJobs(request).getMany(ids), hasMore: false, lastId: null })
    },
  )

  app.get(
    '/jobs/:id',
    {
      config: { scope: 'jobs:read', acceptsShareLink: true },
      schema: {
        tags: ['jobs'],
        operationId: 'getJob',
        summary: 'Get a job',
        params: idParameters,
        response: { 200: jobSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      const job = await tenantJobs(request).get(id)
      if (job === null) throw new Problem('not-found', `There is no job ${id}.`)
      return job
    },
  )

  app.patch(
    '/jobs/:id',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'updateJob',
        summary: 'Change the labels of a job, or the learning rate or epochs of an unfinished one',
        description:
          'Name, notes, tags and metadata change in any status. The model of a succeeded job keeps its own. A change of ' +
          '`learningRate` or `epochs` takes effect after `afterEpoch`, and is recorded in `changes`. A running job continues ' +
          'from its newest checkpoint.',
        params: idParameters,
        body: jobChangeSchema,
        response: { 200: jobSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      if (changesRun(request.body)) {
        const { queue, onQueueError } = dependencies().submission
        const { limits } = requirePrincipal(request)
        return changeRun(tenantJobs(request), queue, id, request.body, { limits, onQueueError })
      }
      const job = await tenantJobs(request).change(id, request.body)
      if (job === null) throw new Problem('not-found', `There is no job ${id}.`)
      return job
    },
  )

  app.get(
    '/jobs/:id/events',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'listJobEvents',
        summary: 'List the events of a job, oldest first',
        description:
          'A job keeps its creation, first claim and end, its newest 100 releases, pauses and resumptions with the claims ' +
          'they ended, and its stored checkpoints.',
        params: idParameters,
        querystring: z.strictObject(pageParameters),
        response: { 200: listSchema(jobEventSchema), ...failures },
      },
    },
    async (request) => {
      const { id } = request.params
      const { after, limit = defaultLimit } = request.query
      const page = await tenantJobs(request).events(id, { after, limit })
      if (page === null) throw new Problem('not-found', `There is no job ${id}.`)
      return toList(page)
    },
  )

  app.post(
    '/jobs/:id/cancel',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'cancelJob',
        summary: 'Cancel a job',
        params: idParameters,
        response: { 200: jobSchema, ...failures },
      },
    },
    async (request) => cancel(tenantJobs(request), request.params.id),
  )

  app.post(
    '/jobs/:id/pause',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'pauseJob',
        summary: 'Pause a queued or running job',
        params: idParameters,
        response: { 200: jobSchema, ...failures },
      },
    },
    async (request) => pause(tenantJobs(request), request.params.id),
  )

  app.post(
    '/jobs/:id/resume',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'resumeJob',
        summary: 'Resume a paused job',
        params: idParameters,
        body: resumeRequestSchema,
        response: { 200: jobSchema, ...failures },
      },
    },
    async (request) => {
      const { queue, onQueueError } = dependencies().submission
      const { limits } = requirePrincipal(request)
      return resume(tenantJobs(request), queue, request.params.id, request.body, { limits, onQueueError })
    },
  )

  done()
}
