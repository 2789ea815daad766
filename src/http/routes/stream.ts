/** Watching a job over a WebSocket, or as server-sent events: the job, its epochs as they come, its end. */
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { type BoundaryAxis, maximumBoundarySize, minimumBoundarySize } from '../../contract/boundary.js'
import { Problem } from '../../contract/problems.js'
import { text } from '../../contract/text.js'
import type { Live } from '../../live/live.js'
import type { Watch } from '../../live/watch.js'
import { boundaryAxes } from '../../training/boundary.js'
import type { GeneratedData } from '../../training/generated-data.js'
import type { BoundaryView } from '../../training/ports/boundaries.js'
import type { DatasetStore } from '../../training/ports/datasets.js'
import type { JobStore } from '../../training/ports/jobs.js'
import type { Tenanted } from '../../training/ports/tenants.js'
import { type Caller, callerOf } from '../caller.js'
import { eventIdAfter, readEventId } from '../event-ids.js'
import { EventStream, eventStreamHeaders } from '../event-stream.js'
import type { KeyWatch } from '../key-watch.js'
import type { OpenSockets } from '../open-sockets.js'
import { sendingEvents } from '../pace.js'
import { endTurn } from '../plugins/turns.js'
import { integerParameter, positionParameter } from '../query.js'
import { failures, idParameters } from '../responses.js'
import { textOfOne } from '../stream-message.js'
import { closings, keepAlive, SocketSink } from '../stream-socket.js'
import { eventStreamContent, sendWebSocketRequired, streamLimits, wantsEvents } from '../streams.js'

export interface StreamRoutes {
  jobs: Tenanted<JobStore>
  datasets: Tenanted<Pick<DatasetStore, 'get'>>
  generated: GeneratedData
  live: Live
  keyWatch: Pick<KeyWatch, 'watch'>
  openSockets: OpenSockets
  /** A reader that has not answered one ping when the next is due is gone, though nobody said so. */
  pingMilliseconds: number
}

export const streamRoutes: FastifyPluginCallbackZod<StreamRoutes> = (
  app,
  { jobs, datasets, generated, live, keyWatch, pingMilliseconds, openSockets },
  done,
) => {
  const limits = { ...streamLimits, pingMilliseconds }
  /** Opened before the upgrade, so that an unknown job is an ordinary 404, and read once. */
  const opened = new WeakMap<FastifyRequest, Watch>()

  function openedBy(request: FastifyRequest): Watch {
    const watch = opened.get(request)
    if (watch === undefined) throw new Error('no stream was opened')
    return watch
  }

  function axesOf({ tenantId }: Caller, jobId: string): Promise<BoundaryAxis[]> {
    return boundaryAxes({ jobs: jobs.of(tenantId), datasets: datasets.of(tenantId), generated }, jobId)
  }

  async function viewOf(
    caller: Caller,
    jobId: string,
    size: number | undefined,
  ): Promise<BoundaryView | undefined> {
    return size === undefined ? undefined : { axes: await axesOf(caller, jobId), size }
  }

  app.route({
    method: 'GET',
    url: '/jobs/:id/stream',
    // The answer to HEAD would be a stream that nobody reads.
    exposeHeadRoute: false,
    config: { isStream: true, scope: 'jobs:read', takesTicket: true },
    schema: {
      tags: ['jobs'],
      summary: 'Watch a job',
      description:
        'Messages: `job` first and at every change of status, `epochs` in order, `end` last; with `?boundary=64` also ' +
        '`boundary`, up to ten a second while the training runs. With `Accept: text/event-stream` they come as ' +
        'server-sent events; `Last-Event-ID` goes on behind that event. /asyncapi.json describes the messages.',
      params: idParameters,
      querystring: z.strictObject({
        after: positionParameter.optional().describe('only epochs behind this one'),
        boundary: integerParameter(minimumBoundarySize, maximumBoundarySize)
          .optional()
          .describe(
            'also send what the network answers on a grid of so many points along each of its inputs',
          ),
        ticket: text(200).optional().describe('from POST /jobs/{id}/stream-tickets, instead of a key'),
      }),
      response: {
        200: eventStreamContent,
        204: z.null().describe('the end was told already: do not connect again'),
        ...failures,
      },
    },
    preHandler: async (request, reply) => {
      const { params, query, headers } = request
      const caller = callerOf(request)
      const { tenantId } = caller
      const last = request.ws ? null : readEventId(headers['last-event-id'])
      const watch = await live.open(tenantId, params.id, last?.epoch ?? query.after ?? 0)
      if (watch === null) throw new Problem('not-found', `There is no job ${params.id}.`)
      opened.set(request, watch)
      const connection = request.ws ? request.raw.socket : reply.raw
      connection.once('close', () => watch.close())
      if (query.boundary !== undefined) await axesOf(caller, params.id)
      if (request.ws) connection.once('close', openSockets.enter(caller))
    },
    handler: async (request, reply) => {
      if (!wantsEvents(request)) return sendWebSocketRequired(reply)
      const { params, query, headers, log } = request
      if (readEventId(headers['last-event-id'])?.ended === true) return reply.code(204).send(null)
      const view = await viewOf(callerOf(request), params.id, query.boundary)
      reply.raw.once('close', openSockets.enter(callerOf(request)))
      // Those that open at the same time are let in together, and each takes a while.
      return sendingEvents.run(() => {
        const stream = new EventStream(reply, textOfOne, eventIdAfter, limits)
        // The browser connects again, and is then told why not.
        const unwatch = keyWatch.watch(callerOf(request), () => reply.raw.destroy())
        reply.raw.once('close', unwatch)
        openedBy(request)
          .follow(stream, { view })
          .catch((error) => log.error(error))
          .finally(() => stream.body.end())
        return reply.headers(eventStreamHeaders).type('text/event-stream').send(stream.body)
      })
    },
    wsHandler: (socket, request) => {
      endTurn(request)
      const { params, query, log } = request
      keepAlive(socket, pingMilliseconds)
      const unwatch = keyWatch.watch(callerOf(request), () => socket.close(...closings.refused))
      socket.once('close', unwatch)
      viewOf(callerOf(request), params.id, query.boundary)
        .then((view) => openedBy(request).follow(new SocketSink(socket, textOfOne, limits), { view }))
        .then((end) => socket.close(...closings[end]))
        .catch((error) => {
          log.error(error)
          socket.close(1011, 'internal')
        })
    },
  })

  done()
}
