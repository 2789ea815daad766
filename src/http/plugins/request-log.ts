/** One log line a request, when it has been answered. Addresses are logged without their query, headers and bodies never. */
import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { z } from 'zod'
import { knownCallerOf } from '../caller.js'

const withId = z.object({ id: z.string() })

export class RequestLog extends LogController {
  constructor() {
    super({ requestIdLogLabel: 'requestId' })
  }

  override incomingRequest(): void {}

  override routeNotFound(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const route = request.routeOptions.url
    const { data } = withId.safeParse(request.params)
    // What was created is named by its address alone.
    const created = /^\/jobs\/([^/]+)$/.exec(String(reply.getHeader('location')))?.[1]
    const line = {
      tenantId: knownCallerOf(request)?.tenantId,
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
