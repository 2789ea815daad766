/** Sends errors as application/problem+json. No other module decides the status of an error. */
import { randomBytes } from 'node:crypto'
import { maxHeaderSize, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectionError, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Problem, type ProblemBody, problems } from '../contract/problems.js'
import { disconnectProblem } from './client-disconnect.js'
import { requestTraceId } from './request-trace.js'

export function problemBody(problem: Problem, traceId: string): ProblemBody {
  const { status, title, remedy } = problems[problem.code]
  return {
    type: `/problems/${problem.code}`,
    title,
    status,
    detail: problem.detail,
    code: problem.code,
    errors: problem.errors,
    remedy,
    traceId,
  }
}

export async function sendProblem(reply: FastifyReply, problem: Problem): Promise<void> {
  const body = problemBody(problem, requestTraceId(reply.request))
  reply.request.span?.setAttribute('descent.problem', problem.code)
  // A refused WebSocket upgrade ends the connection.
  if (reply.request.ws) reply.header('connection', 'close')
  await sendError(reply, body.status, 'application/problem+json', body)
}

/** Sends an error as the Open Inference Protocol defines it. */
export async function sendInferenceError(reply: FastifyReply, { code, detail }: Problem): Promise<void> {
  await sendError(reply, problems[code].status, 'application/json; charset=utf-8', { error: detail })
}

async function sendError(reply: FastifyReply, status: number, type: string, body: object): Promise<void> {
  if (status === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', retrySeconds)
  await reply.code(status).type(type).serializer(JSON.stringify).send(body)
}

/** Default of Retry-After with status 503. */
const retrySeconds = 5

/** Returns which trouble of the database an error is, or null for any other error. */
export type DatabaseTrouble = (error: unknown) => keyof typeof troubles | null

/** @param send how the routes answer errors */
export function errorHandler(databaseTrouble: DatabaseTrouble, send = sendProblem) {
  return async (error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (isDisconnect(error, reply)) {
      request.log.info({ err: error }, 'the client disconnected')
      return send(reply, disconnectProblem())
    }
    const trouble = databaseTrouble(error)
    const problem = trouble === null ? toProblem(error, request) : new Problem(trouble, troubles[trouble])
    if (problem.code === 'internal' || problem.code === 'integrity') request.log.error(error)
    if (trouble !== null) request.log.warn(error)
    await send(reply, problem)
  }
}

/** Error codes of a broken connection. It is the client's if that is closed, otherwise the database's. */
const brokenConnection = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']

function isDisconnect(error: unknown, { raw }: FastifyReply): boolean {
  return raw.destroyed && isFastifyError(error) && brokenConnection.includes(error.code)
}

const troubles = {
  unavailable: 'The database or the object store is unreachable or overloaded. Try again in a moment.',
  'insufficient-storage':
    'There is no space on the disk of the database or in the object store. Nothing was stored.',
} as const

function toProblem(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error
  if (isFastifyError(error)) {
    switch (error.code) {
      case 'FST_ERR_CTP_BODY_TOO_LARGE': {
        const { bodyLimit } = request.routeOptions
        const setting = bodyLimit === request.server.initialConfig.bodyLimit ? ' (MAXIMUM_BODY_BYTES)' : ''
        const message = `The body is larger than the limit of ${bodyLimit} bytes${setting}.`
        return new Problem('body-too-large', message)
      }
      case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': {
        const message = `The content type ${request.headers['content-type']} is not supported here; send application/json.`
        return new Problem('unsupported-media-type', message)
      }
      default:
        if (isClientError(error)) return new Problem('invalid-request', error.message)
    }
  }
  return new Problem(
    'internal',
    'The service failed to answer this request. The log has the reason under the traceId of this response.',
  )
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}

function isClientError(error: FastifyError): boolean {
  return error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
}

/** Answers bytes that are not an HTTP request. @param requestSeconds time limit for the arrival of a request */
export function clientErrorHandler(requestSeconds: number) {
  return (error: ConnectionError, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    writeProblem(socket, brokenRequest(error, requestSeconds))
  }
}

/** Answers an upgrade that violates RFC 6455. */
export function handleInvalidHandshake(error: Error, socket: Duplex): void {
  writeProblem(
    socket,
    new Problem('invalid-request', `This is not a valid WebSocket handshake: ${error.message}.`),
  )
}

function writeProblem(socket: Duplex, problem: Problem): void {
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
