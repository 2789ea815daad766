/** Problems as messages on the stream of many jobs. */
import type { FastifyRequest } from 'fastify'
import { Problem } from '../contract/problems.js'
import type { JobsStreamMessage } from '../contract/stream.js'
import { problemBody } from './problem-responses.js'
import { requestTraceId } from './request-trace.js'

/** @param jobId null if the problem concerns no single job */
export function problemMessage(request: FastifyRequest, jobId: string | null, problem: Problem): Buffer {
  const body = problemBody(problem, requestTraceId(request))
  const message: JobsStreamMessage = { type: 'problem', jobId, problem: body }
  return Buffer.from(JSON.stringify(message))
}

export function notFoundMessage(request: FastifyRequest, jobId: string): Buffer {
  return problemMessage(request, jobId, new Problem('not-found', `There is no job ${jobId}.`))
}
