/** Turns whatever went wrong into application/problem+json. The only place that decides on an error's status. */
import { randomBytes } from 'node:crypto'
import { maxHeaderSize, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectionError, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Problem, type ProblemBody, problems } from '../contract/problems.js'
import { departed } from './departure.js'
import { traceOf } from './plugins/tracing.js'

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
  const body = problemBody(problem, traceOf(reply.request).traceId)
  // The connection of a refused WebSocket ends.
  if (reply.request.ws) reply.header('connection', 'close')
  if (body.status === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', retrySeconds)
  await reply.code(body.status).type('application/problem+json').serializer(JSON.stringify).send(body)
}

/** After which whatever was away or overloaded is worth another try. */
const retrySeconds = 5

/** Tells errors of a database in trouble from faults of ours. */
export type DatabaseTrouble = (error: unknown) => keyof typeof troubles | null

export function errorHandler(databaseTrouble: DatabaseTrouble) {
  return async (error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (isOfDeparture(error, reply)) {
      request.log.info({ err: error }, 'the client disconnected')
      return sendProblem(reply, departed())
    }
    const trouble = databaseTrouble(error)
    const problem = trouble === null ? toProblem(error, request) : new Problem(trouble, troubles[trouble])
    if (problem.code === 'internal' || problem.code === 'integrity') request.log.error(error)
    if (trouble !== null) request.log.warn(error)
    await sendProblem(reply, problem)
  }
}

/** What streams say of a connection that broke: the client's where that is gone, else the database's. */
const brokenStream = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']

function isOfDeparture(error: unknown, { raw }: FastifyReply): boolean {
  return raw.destroyed && isFastifyError(error) && brokenStream.includes(error.code)
}

const troubles = {
  unavailable: 'The database is unreachable or overloaded. Try again in a moment.',
  'insufficient-storage': 'There is no space on the disk of the database. Nothing was stored.',
} as const

function toProblem(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error
  if (isFastifyError(error)) {
    switch (error.code) {
      case 'FST_ERR_CTP_BODY_TOO_LARGE': {
        const message = `The body is larger than the limit of ${request.routeOptions.bodyLimit} bytes.`
        return new Problem('body-too-large', message)
      }
      case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': {
        const message = `The content type ${request.headers['content-type']} is not supported here.`
        return new Problem('unsupported-media-type', message)
      }
      default:
        if (isClientError(error)) return new Problem('invalid-request', error.message)
    }
  }
  return new Problem('internal', 'Internal error. The trace id identifies it in the log.')
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}

function isClientError(error: FastifyError): boolean {
  return error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
}

/** Answers what is no request, before there is one to reply to; `requestSeconds` is what a request may take to arrive. */
export function brokenRequestAnswerer(requestSeconds: number) {
  return (error: ConnectionError, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    answerPlainly(socket, brokenRequest(error, requestSeconds))
  }
}

/** What asks for a WebSocket, but not as RFC 6455 has it. */
export function answerBrokenHandshake(error: Error, socket: Duplex): void {
  answerPlainly(
    socket,
    new Problem('invalid-request', `This is not a valid WebSocket handshake: ${error.message}.`),
  )
}

function answerPlainly(socket: Duplex, problem: Problem): void {
  const body = problemBody(problem, randomBytes(16).toString('hex'))
  const text = JSON.stringify(body)
  socket.end(
    `HTTP/1.1 ${body.status} ${STATUS_CODES[body.status]}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  )
}

function brokenRequest({ code }: ConnectionError, requestSeconds: number): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem(
        'request-timeout',
        `The request was incomplete after ${requestSeconds} seconds (MAXIMUM_UPLOAD_SECONDS + 10), or its headers after ${Math.min(60, requestSeconds)} seconds.`,
      )
    case 'HPE_HEADER_OVERFLOW':
      return new Problem(
        'headers-too-large',
        `The request line and headers exceed the limit of ${maxHeaderSize} bytes.`,
      )
    default:
      return new Problem('invalid-request', 'This is not a valid HTTP request.')
  }
}
