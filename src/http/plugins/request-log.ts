/** One log line a request, when it has been answered. Addresses are logged without their query, headers and bodies never. */
import { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { z } from 'zod'

const withId = z.object({ id: z.string() })

/** Levels at which the line of an answered request is written. */
const telling = ['trace', 'debug', 'info']

export class RequestLog extends LogController {
  readonly #isTelling: boolean

  constructor({ level }: Pick<FastifyBaseLogger, 'level'>) {
    super({ requestIdLogLabel: 'requestId' })
    this.#isTelling = telling.includes(level)
  }

  override incomingRequest(): void {}

  override routeNotFound(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    if (!error && !this.#isTelling) return
    const route = request.routeOptions.url
    const { data } = withId.safeParse(request.params)
    // What was created is named by its address alone.
    const created = /^\/jobs\/([^/]+)$/.exec(String(reply.getHeader('location')))?.[1]
    const line = {
      tenantId: request.caller?.tenantId,
      method: request.method,
      route,
      ...(route?.startsWith('/jobs') ? { jobId: data?.id ?? created } : { id: data?.id }),
      status: reply.statusCode,
      milliseconds: Math.round(reply.elapsedTime),
    }
    if (error) request.log.warn({ ...line, err: error }, 'the answer was not taken')
    else request.log.info(line, 'answered')
  }
}
