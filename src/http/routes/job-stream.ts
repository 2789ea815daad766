/** The stream of one job, over a WebSocket or as server-sent events. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type BoundaryAxis, maximumBoundarySize, minimumBoundarySize } from '../../contract/boundary.js'
import { Problem } from '../../contract/problems.js'
import { text } from '../../contract/text.js'
import type { Live } from '../../live/live.js'
import type { Watch } from '../../live/watch.js'
import { boundaryAxes } from '../../training/boundary.js'
import { eventStreamLane } from '../../training/bulk-work.js'
import type { GeneratedData } from '../../training/generated-data.js'
import type { BoundaryView } from '../../training/ports/boundaries.js'
import type { DatasetStore } from '../../training/ports/datasets.js'
import type { JobStore } from '../../training/ports/jobs.js'
import type { Tenanted } from '../../training/ports/tenants.js'
import { EventStreamSink, eventStreamHeaders } from '../event-stream-sink.js'
import type { KeyMonitor } from '../key-monitor.js'
import { linkCreators } from '../link-creators.js'
import { encodeJobMessage } from '../message-encoding.js'
import type { OpenStreams } from '../open-streams.js'
import { endTurn } from '../plugins/turns.js'
import { type Principal, requirePrincipal } from '../principal.js'
import { integerParameter, positionParameter } from '../query-parameters.js'
import { closeConnection, onceClosed } from '../response-close.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import { bufferLimits } from '../stream-limits.js'
import { acceptsEventStream, eventStreamContent, sendWebSocketRequired } from '../stream-negotiation.js'
import { eventIdAfter, parseEventId } from '../stream-positions.js'
import { predictorsOf, type TracedPredictions } from '../traced-predictions.js'
import { closeFrames, keepAlive } from '../web-socket-connection.js'
import { WebSocketSink } from '../web-socket-sink.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Opened before the upgrade, so that an unknown job is answered 404. Null on other routes. */
    watch: Watch | null
  }
}

export interface JobStreamRoutes extends TracedPredictions {
  jobs: Tenanted<JobStore>
  datasets: Tenanted<Pick<DatasetStore, 'get'>>
  generated: GeneratedData
  live: Live
  keyMonitor: Pick<KeyMonitor, 'watch'>
  openStreams: OpenStreams
  /** A connection without a sign of life between two pings is closed. */
  pingMilliseconds: number
}

const querystring = z.strictObject({
  after: positionParameter.optional().describe('only epochs after this one'),
  boundary: integerParameter(minimumBoundarySize, maximumBoundarySize)
    .optional()
    .describe('also sends the outputs of the network on a grid with this number of points along each input'),
  weights: z
    .enum(['true', 'false'])
    .optional()
    .describe('`true` adds the weights of a small network to each boundary'),
  ticket: text(200)
    .optional()
    .describe('stream ticket from POST /jobs/{id}/stream-tickets, instead of a key'),
})

export const jobStreamRoutes: RoutePlugin<JobStreamRoutes> = (app, { dependencies }, done) => {
  app.decorateRequest('watch', null)

  function readAxes({ tenantId }: Principal, jobId: string, size: number): Promise<BoundaryAxis[]> {
    const { jobs, datasets, generated } = dependencies()
    const stores = { jobs: jobs.of(tenantId), datasets: datasets.of(tenantId) }
    return boundaryAxes({ ...stores, generated: generated.of(tenantId) }, jobId, size)
  }

  async function boundaryView(
    request: FastifyRequest,
    jobId: string,
    { boundary: size, weights }: z.infer<typeof querystring>,
  ): Promise<BoundaryView | undefined> {
    if (size === undefined) return undefined
    const principal = requirePrincipal(request)
    const axes = await readAxes(principal, jobId, size)
    const predictors = predictorsOf(request, dependencies())
    return {
      tenantId: principal.tenantId,
      grid: { axes, size },
      hasWeights: weights === 'true',
      predictors,
    }
  }

  app.route({
    method: 'GET',
    url: '/jobs/:id/stream',
    // The response to HEAD would be a stream that nobody reads.
    exposeHeadRoute: false,
    config: { isStream: true, scope: 'jobs:read', acceptsStreamTicket: 'for job', acceptsShareLink: true },
    schema: {
      tags: ['jobs'],
      operationId: 'watchJob',
      summary: 'Watch a job',
      description:
        'Sends `job` first and at every change of status, `epochs` in order, and `end` last. `?boundary=64` also sends ' +
        '`boundary`, up to ten times a second while the training runs. `Accept: text/event-stream` selects server-sent ' +
        'events; `Last-Event-ID` continues after that event. /asyncapi.json describes the messages.',
      params: idParameters,
      querystring,
      response: {
        200: eventStreamContent('StreamMessage'),
        204: z.null().describe('the end was already sent: do not reconnect'),
        ...failures,
      },
    },
    preHandler: async (request, reply) => {
      const { live, openStreams } = dependencies()
      const { params, query, headers } = request
      const principal = requirePrincipal(request)
      if (principal.shareLinkId !== null && query.weights === 'true') {
        throw new Problem('forbidden', 'A share link does not read weights: leave out weights=true.')
      }
      const last = request.ws ? null : parseEventId(headers['last-event-id'])
      const watch = await live.open(principal.tenantId, params.id, last?.epoch ?? query.after ?? 0)
      if (watch === null) throw new Problem('not-found', `There is no job ${params.id}.`)
      request.watch = watch
      if (request.ws) request.raw.socket.once('close', () => watch.close())
      else onceClosed(reply, () => watch.close())
      await linkCreators(request, () => dependencies().jobs.of(principal.tenantId).traces([params.id]))
      if (query.boundary !== undefined) await readAxes(principal, params.id, query.boundary)
      if (request.ws) request.raw.socket.once('close', openStreams.open(principal))
    },
    handler: async (request, reply) => {
      if (!acceptsEventStream(request)) return sendWebSocketRequired(reply)
      const { keyMonitor, openStreams, pingMilliseconds } = dependencies()
      const limits = { ...bufferLimits, pingMilliseconds }
      const { params, query, headers, log } = request
      if (parseEventId(headers['last-event-id'])?.ended === true) return reply.code(204).send(null)
      const principal = requirePrincipal(request)
      const view = await boundaryView(request, params.id, query)
      onceClosed(reply, openStreams.open(principal))
      return eventStreamLane.run(principal.countedAs, () => {
        const sink = new EventStreamSink(reply, encodeJobMessage, eventIdAfter, limits)
        // The browser reconnects, and then receives the refusal.
        onceClosed(
          reply,
          keyMonitor.watch(principal, () => closeConnection(reply)),
        )
        requireWatch(request)
          .follow(sink, { view })
          .catch((error) => log.error(error))
          .finally(() => sink.body.end())
        return reply.headers(eventStreamHeaders).type('text/event-stream').send(sink.body)
      })
    },
    wsHandler: (socket, request) => {
      endTurn(request)
      const { keyMonitor, pingMilliseconds } = dependencies()
      const limits = { ...bufferLimits, pingMilliseconds }
      const { params, query, log } = request
      const principal = requirePrincipal(request)
      keepAlive(socket, pingMilliseconds)
      const unwatch = keyMonitor.watch(principal, () => socket.close(...closeFrames.refused))
      socket.once('close', unwatch)
      boundaryView(request, params.id, query)
        .then((view) => {
          const sink = new WebSocketSink(socket, principal.countedAs, encodeJobMessage, limits)
          return requireWatch(request).follow(sink, { view })
        })
        .then((end) => socket.close(...closeFrames[end]))
        .catch((error) => {
          log.error(error)
          socket.close(1011, 'internal')
        })
    },
  })

  done()
}

function requireWatch({ watch }: Pick<FastifyRequest, 'watch'>): Watch {
  if (watch === null) throw new Error('the request has no watch')
  return watch
}
