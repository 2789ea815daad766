/** Writes one log line for each request, after its response: without query strings, headers and bodies. */
import { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { requestSubject } from '../request-subject.js'

/** Log levels that include the line. */
const verboseLevels = ['trace', 'debug', 'info']

export class RequestLog extends LogController {
  readonly #isVerbose: boolean

  constructor({ level }: Pick<FastifyBaseLogger, 'level'>) {
    super({ requestIdLogLabel: 'requestId' })
    this.#isVerbose = verboseLevels.includes(level)
  }

  override incomingRequest(): void {}

  override routeNotFound(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    if (!error && !this.#isVerbose) return
    const line = {
      tenantId: request.principal?.tenantId,
      method: request.method,
      route: request.routeOptions.url,
      ...requestSubject(request, reply),
      status: reply.statusCode,
      milliseconds: Math.round(reply.elapsedTime),
    }
    if (error) request.log.warn({ ...line, err: error }, 'the response was not delivered')
    else request.log.info(line, 'answered')
  }
}
