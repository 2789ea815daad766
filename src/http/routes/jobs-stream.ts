/** The stream of many jobs on one connection. Each job has the messages of its single stream, in the same order. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { z } from 'zod'
import { Problem } from '../../contract/problems.js'
import { maximumJobsInAddress, maximumWatchedJobs } from '../../contract/stream.js'
import { text } from '../../contract/text.js'
import type { Live } from '../../live/live.js'
import type { WatchPosition } from '../../live/multi-watch.js'
import type { MultiSink } from '../../live/sink.js'
import { eventStreamLane } from '../../training/bulk-work.js'
import type { JobStore } from '../../training/ports/jobs.js'
import type { Tenanted } from '../../training/ports/tenants.js'
import { EventStreamSink, eventStreamHeaders } from '../event-stream-sink.js'
import type { KeyMonitor } from '../key-monitor.js'
import { JobLinks, linkCreators, maximumLinks } from '../link-creators.js'
import { encodeJobsMessage, textMessage } from '../message-encoding.js'
import type { OpenStreams } from '../open-streams.js'
import { endTurn } from '../plugins/turns.js'
import { requirePrincipal } from '../principal.js'
import { notFoundMessage, problemMessage } from '../problem-messages.js'
import { jobPositionsParameter } from '../query-parameters.js'
import { closeConnection, onceClosed } from '../response-close.js'
import { failures } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'
import { bufferLimits } from '../stream-limits.js'
import { acceptsEventStream, eventStreamContent, sendWebSocketRequired } from '../stream-negotiation.js'
import { StreamPositions } from '../stream-positions.js'
import { TokenBuckets } from '../token-buckets.js'
import { receiveWatchRequests } from '../watch-requests.js'
import { closeFrames, keepAlive } from '../web-socket-connection.js'
import { WebSocketSink } from '../web-socket-sink.js'

export interface JobsStreamRoutes {
  jobs: Tenanted<JobStore>
  live: Live
  keyMonitor: Pick<KeyMonitor, 'watch'>
  openStreams: OpenStreams
  pingMilliseconds: number
}

const querystring = z.strictObject({
  jobs: jobPositionsParameter(maximumJobsInAddress)
    .optional()
    .describe(
      `ids separated by commas, at most ${maximumJobsInAddress}; \`job_…:120\` starts after epoch 120. ` +
        'Without it, a WebSocket sends `watch` messages',
    ),
  epochs: z
    .enum(['true', 'false'])
    .optional()
    .describe('`false` sends `job` at most once a second while the job runs, instead of epochs'),
  ticket: text(200).optional().describe('stream ticket from POST /stream-tickets, instead of a key'),
})

export const jobsStreamRoutes: RoutePlugin<JobsStreamRoutes> = (app, { dependencies }, done) => {
  const limits = () => ({ ...bufferLimits, pingMilliseconds: dependencies().pingMilliseconds })
  const messageRate = new TokenBuckets()

  function sendEvents(
    request: FastifyRequest,
    reply: FastifyReply,
    positions: StreamPositions,
    summary: boolean,
  ) {
    const stream = new EventStreamSink(
      reply,
      encodeJobsMessage,
      (message) => positions.advance(message),
      limits(),
    )
    const sink: MultiSink = {
      send: (message) => stream.send(message),
      isReady: () => stream.isReady(),
      sendMissing: (id) =>
        stream.write(
          () => positions.markMissing(id),
          () => notFoundMessage(request, id),
        ),
    }
    const bundle = dependencies().live.openMany(requirePrincipal(request).tenantId, sink, { summary })
    onceClosed(reply, () => bundle.close())
    bundle
      .watch(positions.unfinished())
      .catch((error) => request.log.error(error))
      .finally(() => stream.body.end())
    return reply.headers(eventStreamHeaders).type('text/event-stream').send(stream.body)
  }

  function followSocket(
    socket: WebSocket,
    request: FastifyRequest,
    positions: WatchPosition[] | undefined,
    summary: boolean,
  ) {
    const principal = requirePrincipal(request)
    const onError = (error: unknown) => {
      request.log.error(error)
      socket.close(1011, 'internal')
    }
    const socketSink = new WebSocketSink(socket, principal.countedAs, encodeJobsMessage, limits())
    const sink: MultiSink = {
      send: (message) => socketSink.send(message),
      isReady: () => socketSink.isReady(),
      sendMissing: (id) => socketSink.write(() => textMessage(notFoundMessage(request, id))),
    }
    const bundle = dependencies().live.openMany(principal.tenantId, sink, { summary })
    socket.once('close', () => bundle.close())
    void bundle.closed.then((end) => socket.close(...closeFrames[end]))
    if (positions !== undefined) {
      bundle.watch(positions).then(() => socket.close(...closeFrames.ended), onError)
      return
    }
    const sendProblem = (problem: Problem) =>
      socketSink.write(() => textMessage(problemMessage(request, null, problem)))
    const links = request.span?.isRecording()
      ? new JobLinks(request, (ids) => dependencies().jobs.of(principal.tenantId).traces(ids))
      : null
    // The stream continues without a link that cannot be read.
    const onWatch = (jobs: readonly WatchPosition[]) =>
      void links?.add(jobs).catch((error) => request.log.warn(error))
    const tenant = principal
    receiveWatchRequests(socket, { bundle, tenant, rate: messageRate, sendProblem, onWatch, onError })
  }

  app.route({
    method: 'GET',
    url: '/stream',
    exposeHeadRoute: false,
    config: { isStream: true, scope: 'jobs:read', acceptsStreamTicket: 'for all' },
    schema: {
      tags: ['jobs'],
      operationId: 'watchJobs',
      summary: 'Watch many jobs on one connection',
      description:
        'Sends the messages of each job in the order of its stream, each with its `jobId`. A job that does not exist ' +
        'gets a `problem`. With `?jobs=` the server closes when all of them have ended. Without it, a WebSocket sends ' +
        `\`{"type":"watch","jobs":[{"id":"job_…","after":120}]}\` and \`{"type":"unwatch","jobs":["job_…"]}\`, for up to ` +
        `${maximumWatchedJobs.toLocaleString('en')} jobs. \`Accept: text/event-stream\` selects server-sent events; ` +
        '`Last-Event-ID` continues after that event. /asyncapi.json describes the messages.',
      querystring,
      response: {
        200: eventStreamContent('JobsStreamMessage'),
        204: z.null().describe('the end of every job was already sent: do not reconnect'),
        ...failures,
      },
    },
    preHandler: async (request) => {
      const { tenantId } = requirePrincipal(request)
      const { jobs } = request.query
      const ids = jobs?.slice(0, maximumLinks).map(({ id }) => id)
      if (ids !== undefined) await linkCreators(request, () => dependencies().jobs.of(tenantId).traces(ids))
      if (request.ws)
        request.raw.socket.once('close', dependencies().openStreams.open(requirePrincipal(request)))
    },
    handler: async (request, reply) => {
      if (!acceptsEventStream(request)) return sendWebSocketRequired(reply)
      const { jobs, epochs } = request.query
      if (jobs === undefined) {
        const message = 'is missing: server-sent events need the list of jobs'
        throw new Problem('invalid-request', `/jobs: ${message}`, [{ pointer: '/jobs', message }])
      }
      const positions = new StreamPositions(jobs, request.headers['last-event-id'])
      if (positions.unfinished().length === 0) return reply.code(204).send(null)
      const principal = requirePrincipal(request)
      const { keyMonitor, openStreams } = dependencies()
      onceClosed(reply, openStreams.open(principal))
      // The browser reconnects, and then receives the refusal.
      onceClosed(
        reply,
        keyMonitor.watch(principal, () => closeConnection(reply)),
      )
      return eventStreamLane.run(principal.countedAs, () =>
        sendEvents(request, reply, positions, epochs === 'false'),
      )
    },
    wsHandler: (socket, request) => {
      endTurn(request)
      const { keyMonitor, pingMilliseconds } = dependencies()
      const { jobs, epochs } = request.query
      keepAlive(socket, pingMilliseconds)
      const unwatch = keyMonitor.watch(requirePrincipal(request), () => socket.close(...closeFrames.refused))
      socket.once('close', unwatch)
      followSocket(socket, request, jobs, epochs === 'false')
    },
  })

  done()
}
