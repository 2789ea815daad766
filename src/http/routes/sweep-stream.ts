/** The stream of a sweep, over a WebSocket or as server-sent events. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { SweepMessage } from '../../contract/sweep-stream.js'
import { text } from '../../contract/text.js'
import type { LiveSweeps } from '../../live/live-sweeps.js'
import type { SweepWatch } from '../../live/sweep-watch.js'
import { eventStreamLane } from '../../training/bulk-work.js'
import { unknownSweep } from '../../training/sweeps/control-sweep.js'
import { EventStreamSink, eventStreamHeaders } from '../event-stream-sink.js'
import type { KeyMonitor } from '../key-monitor.js'
import { linkCreators } from '../link-creators.js'
import { encodeJobMessage, textMessage } from '../message-encoding.js'
import type { OpenStreams } from '../open-streams.js'
import { endTurn } from '../plugins/turns.js'
import { requirePrincipal } from '../principal.js'
import { positionParameter } from '../query-parameters.js'
import { closeConnection, onceClosed } from '../response-close.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import { bufferLimits } from '../stream-limits.js'
import { acceptsEventStream, eventStreamContent, sendWebSocketRequired } from '../stream-negotiation.js'
import { eventIdAfter, parseEventId } from '../stream-positions.js'
import { closeFrames, keepAlive } from '../web-socket-connection.js'
import { WebSocketSink } from '../web-socket-sink.js'
import type { SweepRoutes } from './sweeps.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Opened before the upgrade, so that an unknown sweep is answered 404. Null on other routes. */
    sweepWatch: SweepWatch | null
  }
}

export interface SweepStreamRoutes extends Pick<SweepRoutes, 'sweepCreation'> {
  liveSweeps: LiveSweeps
  keyMonitor: Pick<KeyMonitor, 'watch'>
  openStreams: OpenStreams
  pingMilliseconds: number
}

const querystring = z.strictObject({
  after: positionParameter.optional().describe('only trials after this one'),
  trials: z.enum(['true', 'false']).optional().describe('`false` sends no `trials`'),
  ticket: text(200).optional().describe('stream ticket from POST /stream-tickets, instead of a key'),
})

const encode = (message: SweepMessage) => Buffer.from(JSON.stringify(message))

/** The `id` of a server-sent event: the last position, with `-end` after the end. */
class EventIds {
  #position: number

  constructor(after: number) {
    this.#position = after
  }

  after(message: SweepMessage): string | null {
    if (message.type === 'sweep') return null
    if (message.type === 'end') return `${this.#position}-end`
    this.#position = message.position
    return String(this.#position)
  }
}

export const sweepStreamRoutes: RoutePlugin<SweepStreamRoutes> = (app, { dependencies }, done) => {
  app.decorateRequest('sweepWatch', null)

  app.route({
    method: 'GET',
    url: '/sweeps/:id/stream',
    // The response to HEAD would be a stream that nobody reads.
    exposeHeadRoute: false,
    config: { isStream: true, scope: 'jobs:read', acceptsStreamTicket: 'for all' },
    schema: {
      tags: ['sweeps'],
      operationId: 'watchSweep',
      summary: 'Watch a sweep',
      description:
        'Sends `sweep` first and at most once a second while it changes, `trials` when trials start, pause or end, and ' +
        '`end` last. `Accept: text/event-stream` selects server-sent events; `Last-Event-ID` continues after that event. ' +
        '/asyncapi.json describes the messages.',
      params: idParameters,
      querystring,
      response: {
        200: eventStreamContent('SweepMessage'),
        204: z.null().describe('the end was already sent: do not reconnect'),
        ...failures,
      },
    },
    preHandler: async (request, reply) => {
      const { liveSweeps, openStreams } = dependencies()
      const { params, query, headers } = request
      const principal = requirePrincipal(request)
      const last = request.ws ? null : parseEventId(headers['last-event-id'])
      const watch = await liveSweeps.open(principal.tenantId, params.id, last?.epoch ?? query.after ?? 0)
      if (watch === null) throw unknownSweep(params.id)
      request.sweepWatch = watch
      if (request.ws) request.raw.socket.once('close', () => watch.close())
      else onceClosed(reply, () => watch.close())
      await linkCreators(request, async () => {
        const { sweeps } = dependencies().sweepCreation
        const trace = await sweeps.of(principal.tenantId).trace(params.id)
        return trace === null ? [] : [trace]
      })
      if (request.ws) request.raw.socket.once('close', openStreams.open(principal))
    },
    handler: async (request, reply) => {
      if (!acceptsEventStream(request)) return sendWebSocketRequired(reply)
      const { keyMonitor, openStreams, pingMilliseconds } = dependencies()
      const { query, headers, log } = request
      const last = parseEventId(headers['last-event-id'])
      if (last?.ended === true) return reply.code(204).send(null)
      const principal = requirePrincipal(request)
      onceClosed(reply, openStreams.open(principal))
      return eventStreamLane.run(principal.countedAs, () => {
        const limits = { ...bufferLimits, pingMilliseconds }
        const sink = new EventStreamSink(reply, encodeJobMessage, eventIdAfter, limits)
        // The browser reconnects, and then receives the refusal.
        onceClosed(
          reply,
          keyMonitor.watch(principal, () => closeConnection(reply)),
        )
        const ids = new EventIds(last?.epoch ?? query.after ?? 0)
        requireWatch(request)
          .follow(
            (message) =>
              sink.write(
                () => ids.after(message),
                () => encode(message),
              ),
            { summary: query.trials === 'false' },
          )
          .catch((error) => log.error(error))
          .finally(() => sink.body.end())
        return reply.headers(eventStreamHeaders).type('text/event-stream').send(sink.body)
      })
    },
    wsHandler: (socket, request) => {
      endTurn(request)
      const { keyMonitor, pingMilliseconds } = dependencies()
      const principal = requirePrincipal(request)
      keepAlive(socket, pingMilliseconds)
      const unwatch = keyMonitor.watch(principal, () => socket.close(...closeFrames.refused))
      socket.once('close', unwatch)
      const sink = new WebSocketSink(socket, principal.countedAs, encodeJobMessage, bufferLimits)
      requireWatch(request)
        .follow((message) => sink.write(() => textMessage(encode(message))), {
          summary: request.query.trials === 'false',
        })
        .then((end) => socket.close(...(end === 'deleted' ? deletedFrame : closeFrames[end])))
        .catch((error) => {
          request.log.error(error)
          socket.close(1011, 'internal')
        })
    },
  })

  done()
}

const deletedFrame: [number, string] = [1008, 'the sweep was deleted']

function requireWatch({ sweepWatch }: Pick<FastifyRequest, 'sweepWatch'>): SweepWatch {
  if (sweepWatch === null) throw new Error('the request has no watch')
  return sweepWatch
}
