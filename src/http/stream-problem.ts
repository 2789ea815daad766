/** Problems as messages of the stream of many jobs. */
import type { FastifyRequest } from 'fastify'
import { Problem } from '../contract/problems.js'
import type { JobsStreamMessage } from '../contract/stream.js'
import { traceOf } from './plugins/tracing.js'
import { problemBody } from './problem-answers.js'

/** `jobId` is null where the problem is not of one job. */
export function problemMessage(request: FastifyRequest, jobId: string | null, problem: Problem): Buffer {
  const body = problemBody(problem, traceOf(request).traceId)
  const message: JobsStreamMessage = { type: 'problem', jobId, problem: body }
  return Buffer.from(JSON.stringify(message))
}

export function missingMessage(request: FastifyRequest, jobId: string): Buffer {
  return problemMessage(request, jobId, new Problem('not-found', `There is no job ${jobId}.`))
}
