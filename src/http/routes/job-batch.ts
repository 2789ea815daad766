/** Many jobs in one request: what a sweep submits. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { type JobRequest, jobRequestSchema } from '../../contract/job.js'
import { type JobBatch, jobBatchRequestSchema, jobBatchSchema } from '../../contract/job-batch.js'
import { Problem } from '../../contract/problems.js'
import { type BatchOutcome, submitBatch } from '../../training/submit-batch.js'
import { callerOf } from '../caller.js'
import { hasRows } from '../large-bodies.js'
import { idempotencyHeaders } from '../plugins/idempotency.js'
import { traceOf } from '../plugins/tracing.js'
import { problemBody } from '../problem-answers.js'
import { failures } from '../responses.js'
import { readBySchema } from '../validation.js'
import type { JobRoutes } from './jobs.js'

type JobBatchRoutes = Pick<JobRoutes, 'idempotency' | 'submission'>

export const jobBatchRoutes: FastifyPluginCallbackZod<JobBatchRoutes> = (
  app,
  { submission, idempotency },
  done,
) => {
  app.post(
    '/jobs/batch',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        summary: 'Start up to 1,000 trainings',
        description:
          'Up to 1,000 jobs, each accepted or refused by itself; those accepted are stored in one transaction. With an ' +
          'Idempotency-Key the whole request is answered once. When every job is refused, the answer is the refusal of the first.',
        headers: idempotencyHeaders,
        body: jobBatchRequestSchema,
        response: { 202: jobBatchSchema.describe('at least one job is stored and queued'), ...failures },
      },
    },
    async (request, reply) => {
      const { traceId } = traceOf(request)
      const origin = { requestId: request.id, traceId }
      const batch = await idempotency.answerOnce(request, reply, (once) => {
        const requests = requestsOf(request.body.jobs)
        const answer = (outcomes: BatchOutcome[]) => toBatch(outcomes, traceId)
        return submitBatch(submission, callerOf(request), requests, origin, answer, once)
      })
      return reply.code(202).send(batch)
    },
  )

  done()
}

/** Rows are refused before they are looked at. */
function* requestsOf(jobs: readonly unknown[]): Generator<JobRequest | Problem> {
  for (const job of jobs) yield hasRows(job) ? rowsRefused() : readBySchema(jobRequestSchema, job, 'job')
}

function rowsRefused(): Problem {
  const message = 'rows inside a job of a batch are not stored: POST them to /datasets and name that dataset'
  return new Problem('invalid-spec', `/dataset: ${message}`, [{ pointer: '/dataset', message }])
}

function toBatch(outcomes: readonly BatchOutcome[], traceId: string): JobBatch {
  const results = outcomes.map((outcome) => {
    if (!(outcome instanceof Problem)) return { status: 202, job: outcome, problem: null }
    const problem = problemBody(outcome, traceId)
    return { status: problem.status, job: null, problem }
  })
  const accepted = results.filter(({ job }) => job !== null).length
  return { object: 'batch', accepted, refused: results.length - accepted, results }
}
