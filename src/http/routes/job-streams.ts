/** Watching many jobs on one connection: of each the same messages, in the same order, as on a stream of its own. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import type { WebSocket } from 'ws'
import { z } from 'zod'
import { Problem } from '../../contract/problems.js'
import { maximumJobsInAddress, maximumWatchedJobs } from '../../contract/stream.js'
import { text } from '../../contract/text.js'
import type { Place } from '../../live/bundle.js'
import type { Live } from '../../live/live.js'
import type { BundleSink } from '../../live/sink.js'
import { Buckets } from '../buckets.js'
import { callerOf } from '../caller.js'
import { ToldPlaces } from '../event-ids.js'
import { EventStream, eventStreamHeaders } from '../event-stream.js'
import type { KeyWatch } from '../key-watch.js'
import type { OpenSockets } from '../open-sockets.js'
import { sendingEvents } from '../pace.js'
import { endTurn } from '../plugins/turns.js'
import { jobPlacesParameter } from '../query.js'
import { failures } from '../responses.js'
import { asText, textOfMany } from '../stream-message.js'
import { missingMessage, problemMessage } from '../stream-problem.js'
import { closings, keepAlive, SocketSink } from '../stream-socket.js'
import { eventStreamContent, sendWebSocketRequired, streamLimits, wantsEvents } from '../streams.js'
import { takeWatchRequests } from '../watch-requests.js'

export interface JobStreamRoutes {
  live: Live
  keyWatch: Pick<KeyWatch, 'watch'>
  openSockets: OpenSockets
  pingMilliseconds: number
}

const querystring = z.strictObject({
  jobs: jobPlacesParameter(maximumJobsInAddress)
    .optional()
    .describe(
      `ids, separated by commas, at most ${maximumJobsInAddress}; \`job_…:120\` begins after epoch 120. ` +
        'Left out, a WebSocket says by messages what it watches',
    ),
  epochs: z
    .enum(['true', 'false'])
    .optional()
    .describe('`false`: instead of epochs, `job` at most once a second while the job goes on'),
  ticket: text(200).optional().describe('from POST /stream-tickets, instead of a key'),
})

export const jobStreamRoutes: FastifyPluginCallbackZod<JobStreamRoutes> = (
  app,
  { live, keyWatch, openSockets, pingMilliseconds },
  done,
) => {
  const limits = { ...streamLimits, pingMilliseconds }
  const messageRate = new Buckets()

  function sendEvents(request: FastifyRequest, reply: FastifyReply, told: ToldPlaces, summary: boolean) {
    const stream = new EventStream(reply, textOfMany, (message) => told.take(message), limits)
    const sink: BundleSink = {
      send: (message) => stream.send(message),
      isReady: () => stream.isReady(),
      sendMissing: (id) =>
        stream.write(
          () => told.takeMissing(id),
          () => missingMessage(request, id),
        ),
    }
    const bundle = live.openBundle(callerOf(request).tenantId, sink, { summary })
    reply.raw.once('close', () => bundle.close())
    bundle
      .watch(told.left())
      .catch((error) => request.log.error(error))
      .finally(() => stream.body.end())
    return reply.headers(eventStreamHeaders).type('text/event-stream').send(stream.body)
  }

  function followSocket(
    socket: WebSocket,
    request: FastifyRequest,
    places: Place[] | undefined,
    summary: boolean,
  ) {
    const caller = callerOf(request)
    const onError = (error: unknown) => {
      request.log.error(error)
      socket.close(1011, 'internal')
    }
    const socketSink = new SocketSink(socket, textOfMany, limits)
    const sink: BundleSink = {
      send: (message) => socketSink.send(message),
      isReady: () => socketSink.isReady(),
      sendMissing: (id) => socketSink.write(() => asText(missingMessage(request, id))),
    }
    const bundle = live.openBundle(caller.tenantId, sink, { summary })
    socket.once('close', () => bundle.close())
    void bundle.closed.then((why) => socket.close(...closings[why]))
    if (places !== undefined) {
      bundle.watch(places).then(() => socket.close(...closings.ended), onError)
      return
    }
    const sendProblem = (problem: Problem) =>
      socketSink.write(() => asText(problemMessage(request, null, problem)))
    takeWatchRequests(socket, { bundle, tenant: caller, rate: messageRate, sendProblem, onError })
  }

  app.route({
    method: 'GET',
    url: '/stream',
    exposeHeadRoute: false,
    config: { isStream: true, scope: 'jobs:read', takesTicket: true },
    schema: {
      tags: ['jobs'],
      summary: 'Watch many jobs on one connection',
      description:
        'Of each job the messages of its own stream, in the same order, each with its `jobId`; a job that does not exist, ' +
        'or no longer, gets a `problem`. With `?jobs=` the server closes when all of them have ended. Without, a WebSocket ' +
        `says what it watches, up to ${maximumWatchedJobs} jobs: \`{"type":"watch","jobs":[{"id":"job_…","after":120}]}\` and ` +
        '`{"type":"unwatch","jobs":["job_…"]}`. With `Accept: text/event-stream` the messages come as server-sent events; ' +
        '`Last-Event-ID` goes on after that event. /asyncapi.json describes the messages.',
      querystring,
      response: {
        200: eventStreamContent,
        204: z.null().describe('every end was told already: do not connect again'),
        ...failures,
      },
    },
    preHandler: async (request) => {
      if (request.ws) request.raw.socket.once('close', openSockets.enter(callerOf(request)))
    },
    handler: async (request, reply) => {
      if (!wantsEvents(request)) return sendWebSocketRequired(reply)
      const { jobs, epochs } = request.query
      if (jobs === undefined) {
        const message = 'must name the jobs: of server-sent events nothing can be asked later'
        throw new Problem('invalid-request', `/jobs: ${message}`, [{ pointer: '/jobs', message }])
      }
      const told = new ToldPlaces(jobs, request.headers['last-event-id'])
      if (told.left().length === 0) return reply.code(204).send(null)
      reply.raw.once('close', openSockets.enter(callerOf(request)))
      // The browser connects again, and is then told why not.
      reply.raw.once(
        'close',
        keyWatch.watch(callerOf(request), () => reply.raw.destroy()),
      )
      return sendingEvents.run(() => sendEvents(request, reply, told, epochs === 'false'))
    },
    wsHandler: (socket, request) => {
      endTurn(request)
      const { jobs, epochs } = request.query
      keepAlive(socket, pingMilliseconds)
      socket.once(
        'close',
        keyWatch.watch(callerOf(request), () => socket.close(...closings.refused)),
      )
      followSocket(socket, request, jobs, epochs === 'false')
    },
  })

  done()
}
