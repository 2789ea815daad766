/** The Model Context Protocol over HTTP, without sessions. Its tools call the routes of this process. */
import { Readable } from 'node:stream'
import { createMcpHandler } from '@modelcontextprotocol/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { mcpMessageSchema } from '../../contract/mcp.js'
import type { Document } from '../../mcp/resources.js'
import { createMcpServer } from '../../mcp/server.js'
import { type Ask, encodeBody } from '../../mcp/service.js'
import { disconnectSignal } from '../client-disconnect.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface McpRoutes {
  /** What clients may read about the service. */
  documents: readonly Document[]
}

/** Headers of the client that its requests to other routes have, too. */
const forwarded = ['authorization', 'host', 'x-forwarded-for', 'x-request-id', 'traceparent'] as const

export const mcpRoutes: RoutePlugin<McpRoutes> = (app, { dependencies }, done) => {
  /** The request that brought each message. */
  const origins = new WeakMap<Request, FastifyRequest>()
  const handler = createMcpHandler(
    ({ requestInfo }) => {
      const origin = requestInfo === undefined ? undefined : origins.get(requestInfo)
      if (origin === undefined) throw new Error('the message has no request')
      return createMcpServer(askAs(app, origin), dependencies().documents)
    },
    // Nothing is published, and open streams would escape the limits.
    { maxSubscriptions: 0 },
  )
  app.addHook('onClose', () => handler.close())

  async function serve(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const message = new Request(`http://localhost${request.url}`, {
      method: request.method,
      headers: headersOf(request),
      signal: disconnectSignal(reply),
      ...(request.method === 'POST' && { body: '{}' }),
    })
    origins.set(message, request)
    const answer = await handler.fetch(message, { parsedBody: request.body })
    reply.code(answer.status)
    for (const [name, value] of answer.headers) reply.header(name, value)
    return reply.send(answer.body === null ? null : Readable.fromWeb(answer.body))
  }

  // The requests of the tools take turns.
  const config = { scope: 'any', hasOwnTurns: true } as const
  // The protocol has documents of its kind: clients ask for the tools.
  app.post('/mcp', { config, schema: { hide: true, body: mcpMessageSchema } }, serve)
  // Answers 405, because there are no sessions.
  app.get('/mcp', { config, schema: { hide: true } }, serve)
  done()
}

/** Sends requests to this process with the key and the address of a client. */
function askAs(app: FastifyInstance, { headers, raw }: FastifyRequest): Ask {
  const own = Object.fromEntries(
    forwarded.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  )
  return async ({ method, path, body }, signal) => {
    const encoded = encodeBody(body)
    const {
      statusCode,
      rawPayload,
      headers: answered,
    } = await app.inject({
      method,
      url: path,
      headers: { ...own, ...encoded.headers },
      payload: encoded.payload,
      remoteAddress: raw.socket.remoteAddress,
      signal,
    })
    const [type] = String(answered['content-type'] ?? '').split(';')
    return { status: statusCode, type, bytes: rawPayload }
  }
}

function headersOf({ headers }: FastifyRequest): Headers {
  const all = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    // The body is parsed already.
    if (typeof value === 'string' && name !== 'content-length') all.set(name, value)
  }
  return all
}
