/** Turns whatever went wrong into application/problem+json. The only place that decides on an error's status. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Problem, type ProblemBody, type ProblemCode, problems } from '../contract/problems.js'

export function problemBody(problem: Problem, traceId: string): ProblemBody {
  const { status, title } = problems[problem.code]
  return {
    type: `/problems/${problem.code}`,
    title,
    status,
    detail: problem.detail,
    code: problem.code,
    errors: problem.errors,
    traceId,
  }
}

export async function sendProblem(reply: FastifyReply, problem: Problem): Promise<void> {
  const body = problemBody(problem, reply.request.id)
  await reply.code(body.status).type('application/problem+json').serializer(JSON.stringify).send(body)
}

export async function handleError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const problem = toProblem(error)
  if (problem.code === 'internal') request.log.error(error)
  await sendProblem(reply, problem)
}

const codesOfFastify: Record<string, ProblemCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid-request',
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (isFastifyError(error)) {
    const code = codesOfFastify[error.code] ?? (isClientError(error) ? 'invalid-request' : undefined)
    if (code !== undefined) return new Problem(code, error.message)
  }
  return new Problem('internal', 'Something broke on our side; the trace id finds it in the log.')
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}

function isClientError(error: FastifyError): boolean {
  return error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
}
