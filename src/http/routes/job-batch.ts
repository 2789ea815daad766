import type { FastifyReply } from 'fastify'
import { hasRows } from '../../bodies/body-thread.js'
import { parseBySchema } from '../../bodies/validate.js'
import { type JobBatch, jobBatchRequestSchema, jobBatchSchema } from '../../contract/job-batch.js'
import { type JobRequest, jobRequestSchema } from '../../contract/job-request.js'
import { Problem } from '../../contract/problems.js'
import { type BatchOutcome, submitBatch } from '../../training/submit-batch.js'
import { chunkedBody, jsonFragments } from '../chunked-body.js'
import { idempotencyHeaders } from '../plugins/idempotency.js'
import { requirePrincipal } from '../principal.js'
import { problemBody } from '../problem-responses.js'
import { requestOrigin, requestTraceId } from '../request-trace.js'
import { failures } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import type { JobRoutes } from './jobs.js'

/** Jobs that are serialized without a pause. */
const jobsAtOnce = 64

type JobBatchRoutes = Pick<JobRoutes, 'idempotency' | 'submission'>

export const jobBatchRoutes: RoutePlugin<JobBatchRoutes> = (app, { dependencies }, done) => {
  app.post(
    '/jobs/batch',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'createJobs',
        summary: 'Start up to 1,000 trainings',
        description:
          'Accepts or refuses each job separately, and stores the accepted ones in one transaction. An Idempotency-Key ' +
          'covers the whole request. If every job is refused, the response is the refusal of the first.',
        headers: idempotencyHeaders,
        body: jobBatchRequestSchema,
        response: { 202: jobBatchSchema.describe('at least one job is stored and queued'), ...failures },
      },
    },
    async (request, reply) => {
      const { submission, idempotency } = dependencies()
      const traceId = requestTraceId(request)
      const origin = requestOrigin(request)
      const batch = await idempotency.answerOnce(request, reply, (once) => {
        const requests = parseJobs(request.body.jobs)
        const toResponse = (outcomes: BatchOutcome[]) => toBatch(outcomes, traceId)
        return submitBatch(submission, requirePrincipal(request), requests, origin, toResponse, once)
      })
      return sendBatch(reply.code(202), batch)
    },
  )

  done()
}

/** Sends long responses in chunks. */
function sendBatch(reply: FastifyReply, batch: JobBatch): FastifyReply {
  if (batch.results.length <= jobsAtOnce) return reply.send(batch)
  return reply.type('application/json; charset=utf-8').send(chunkedBody(jsonFragments(batch)))
}

/** Refuses inline rows without parsing them. */
function* parseJobs(jobs: readonly unknown[]): Generator<JobRequest | Problem> {
  for (const job of jobs)
    yield hasRows(job) ? inlineRowsProblem() : parseBySchema(jobRequestSchema, job, 'job')
}

function inlineRowsProblem(): Problem {
  const message =
    'a job of a batch cannot contain rows: upload them with POST /datasets and use the id of that dataset'
  return new Problem('invalid-spec', `/dataset: ${message}`, [{ pointer: '/dataset', message }])
}

function toBatch(outcomes: readonly BatchOutcome[], traceId: string): JobBatch {
  const results = outcomes.map((outcome) => {
    if (!(outcome instanceof Problem)) {
      return { status: outcome.reusedFrom === null ? 202 : 200, job: outcome, problem: null }
    }
    const problem = problemBody(outcome, traceId)
    return { status: problem.status, job: null, problem }
  })
  const accepted = results.filter(({ job }) => job !== null).length
  return { object: 'batch', accepted, refused: results.length - accepted, results }
}
