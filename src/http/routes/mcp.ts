/** The Model Context Protocol over HTTP, without sessions. Its tools call the routes of this process. */
import { Readable } from 'node:stream'
import type { McpHttpHandler } from '@modelcontextprotocol/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { withOwnSignal } from '../../base/own-signal.js'
import { mcpMessageSchema } from '../../contract/mcp.js'
import type { Document } from '../../mcp/documents.js'
import { type Ask, encodeBody } from '../../mcp/service.js'
import { formatTraceparent } from '../../tracing/trace-context.js'
import { disconnectSignal } from '../client-disconnect.js'
import { endTurn } from '../plugins/turns.js'
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
  let opened: Promise<McpHttpHandler> | undefined

  /** Loads the library, which no start has to wait for. */
  const open = () => {
    opened ??= import('../../mcp/server.js').then(({ openMcpHandler }) =>
      openMcpHandler((message) => {
        const origin = origins.get(message)
        if (origin === undefined) throw new Error('the message has no request')
        return askAs(app, origin)
      }, dependencies().documents),
    )
    return opened
  }
  // Before the first message, which would hold up the event loop.
  app.addHook('onListen', (listening) => {
    // If it fails, the messages say so.
    open().catch(() => {})
    listening()
  })
  app.addHook('onClose', async () => (await opened)?.close())

  async function serve(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const message = new Request(`http://localhost${request.url}`, {
      method: request.method,
      headers: headersOf(request),
      signal: disconnectSignal(reply),
      ...(request.method === 'POST' && { body: '{}' }),
    })
    origins.set(message, request)
    const handler = await open()
    const answer = await handler.fetch(message, { parsedBody: request.body })
    reply.code(answer.status)
    for (const [name, value] of answer.headers) reply.header(name, value)
    return reply.send(answer.body === null ? null : Readable.fromWeb(answer.body))
  }

  const config = { scope: 'any' } as const
  // The protocol has documents of its kind: clients ask for the tools.
  app.post('/mcp', { config, schema: { hide: true, body: mcpMessageSchema } }, serve)
  // Answers 405, because there are no sessions.
  app.get('/mcp', { config, schema: { hide: true } }, serve)
  done()
}

/** Sends requests to this process with the key and the address of a client. */
function askAs(app: FastifyInstance, origin: FastifyRequest): Ask {
  const { headers, raw, span } = origin
  const own = Object.fromEntries(
    forwarded.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  )
  if (span !== null) own.traceparent = formatTraceparent(span.spanContext())
  return async ({ method, path, body }, signal) => {
    // The request of a tool takes a turn itself.
    endTurn(origin)
    const encoded = encodeBody(body)
    const inject = (forOne: AbortSignal) =>
      app.inject({
        method,
        url: path,
        headers: { ...own, ...encoded.headers },
        payload: encoded.payload,
        remoteAddress: raw.socket.remoteAddress,
        signal: forOne,
      })
    const { statusCode, rawPayload, headers: answered } = await withOwnSignal(signal, inject)
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
