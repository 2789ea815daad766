/** Watching a job over a WebSocket, or as server-sent events: the job, its epochs as they come, its end. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import type { WebSocket } from 'ws'
import { z } from 'zod'
import { type BoundaryAxis, maximumBoundarySize, minimumBoundarySize } from '../../contract/boundary.js'
import type { Epoch } from '../../contract/epoch.js'
import { Problem } from '../../contract/problems.js'
import type { StreamMessage } from '../../contract/stream.js'
import { text } from '../../contract/text.js'
import type { Live, Sink, WatchEnd } from '../../live/live.js'
import { boundaryAxes } from '../../training/boundary.js'
import type { BoundaryView, DatasetStore, JobStore, Tenanted } from '../../training/ports.js'
import { type Caller, callerOf } from '../caller.js'
import { openEventStream, readLastEventId } from '../event-stream.js'
import type { KeyWatch } from '../key-watch.js'
import type { OpenSockets } from '../open-sockets.js'
import { sendProblem } from '../problem-answers.js'
import { integerParameter } from '../query.js'
import { failures, idParameters } from '../responses.js'

/** A reader that is this far behind is written to no more until it has caught up; the message that did it comes on top. */
const maximumBufferedBytes = 512 * 1024

/** Frames of a boundary are left out while more than this waits. */
const readyBytes = 64 * 1024

/** Code (RFC 6455, section 7.4; 1012: service restart) and reason for each way a watch stops. */
const closings: Record<WatchEnd | 'refused', [number, string]> = {
  refused: [1008, 'the key was revoked or has expired'],
  ended: [1000, 'end'],
  deleted: [1008, 'the job is gone'],
  gone: [1000, 'gone'],
  closing: [1012, 'the service stops; connect again'],
}

export interface StreamRoutes {
  jobs: Tenanted<JobStore>
  datasets: Tenanted<Pick<DatasetStore, 'get'>>
  live: Live
  keyWatch: Pick<KeyWatch, 'watch'>
  openSockets: OpenSockets
  /** A reader that has not answered one ping when the next is due is gone, though nobody said so. */
  pingMilliseconds: number
}

export const streamRoutes: FastifyPluginCallbackZod<StreamRoutes> = (
  app,
  { jobs, datasets, live, keyWatch, pingMilliseconds, openSockets },
  done,
) => {
  const limits = { maximumBufferedBytes, readyBytes, pingMilliseconds }

  function axesOf({ tenantId }: Caller, jobId: string): Promise<BoundaryAxis[]> {
    return boundaryAxes({ jobs: jobs.of(tenantId), datasets: datasets.of(tenantId) }, jobId)
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
      summary: 'Watch a job (WebSocket or server-sent events)',
      description:
        'Messages: `job` first and at every change of status, `epochs` in order, `end` last; with `?boundary=64` also ' +
        '`boundary`, up to ten a second while the training runs. With `Accept: text/event-stream` they come as ' +
        'server-sent events; `Last-Event-ID` goes on behind that event. /asyncapi.json describes the messages.',
      params: idParameters,
      querystring: z.strictObject({
        after: integerParameter(0, 2 ** 31 - 1)
          .optional()
          .describe('only epochs behind this one'),
        boundary: integerParameter(minimumBoundarySize, maximumBoundarySize)
          .optional()
          .describe(
            'also send what the network answers on a grid of so many points along each of its inputs',
          ),
        ticket: text(200).optional().describe('from POST /jobs/{id}/stream-tickets, instead of a key'),
      }),
      response: {
        200: {
          description: 'server-sent events, each with a message as its data',
          // What is sent is a stream.
          content: { 'text/event-stream': { schema: z.unknown().meta({ type: 'string' }) } },
        },
        204: z.null().describe('the end was told already: do not connect again'),
        ...failures,
      },
    },
    // Before the upgrade, so that an unknown job is an ordinary 404.
    preHandler: async (request) => {
      const { params, query } = request
      const caller = callerOf(request)
      const [job] = await jobs.of(caller.tenantId).progress([params.id])
      if (job === undefined) throw new Problem('not-found', `There is no job ${params.id}.`)
      if (query.boundary !== undefined) await axesOf(caller, params.id)
      if (request.ws) request.raw.socket.once('close', openSockets.enter(caller))
    },
    handler: async (request, reply) => {
      if (request.accepts().type(['json', 'text/event-stream']) !== 'text/event-stream') {
        reply.header('upgrade', 'websocket')
        const message = 'Connect to this address with a WebSocket, or ask for text/event-stream.'
        return sendProblem(reply, new Problem('websocket-required', message))
      }
      const { params, query, headers, log } = request
      const last = readLastEventId(headers['last-event-id'])
      if (last?.ended === true) return reply.code(204).send(null)
      const view = await viewOf(callerOf(request), params.id, query.boundary)
      reply.raw.once('close', openSockets.enter(callerOf(request)))
      const { sink, body } = openEventStream(reply, textOf, limits)
      // The browser connects again, and is then told why not.
      const unwatch = keyWatch.watch(callerOf(request), () => reply.raw.destroy())
      reply.raw.once('close', unwatch)
      live
        .watch(params.id, last?.epoch ?? query.after ?? 0, sink, view)
        .catch((error) => log.error(error))
        .finally(() => body.end())
      reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no')
      return reply.type('text/event-stream').send(body)
    },
    wsHandler: (socket, request) => {
      const { params, query, log } = request
      keepAlive(socket, pingMilliseconds)
      const unwatch = keyWatch.watch(callerOf(request), () => socket.close(...closings.refused))
      socket.once('close', unwatch)
      const sink = sinkOf(socket)
      viewOf(callerOf(request), params.id, query.boundary)
        .then((view) => live.watch(params.id, query.after ?? 0, sink, view))
        .then((end) => socket.close(...closings[end]))
        .catch((error) => {
          log.error(error)
          socket.close(1011, 'internal')
        })
    },
  })

  done()
}

function keepAlive(socket: WebSocket, pingMilliseconds: number): void {
  let answered = true
  socket.on('pong', () => {
    answered = true
  })
  const timer = setInterval(() => {
    if (!answered) return socket.terminate()
    answered = false
    socket.ping()
  }, pingMilliseconds)
  socket.once('close', () => clearInterval(timer))
}

/** The watchers of a job are given the same epochs, which become one text in memory, however many read it. */
const texts = new WeakMap<Epoch[], Buffer>()

function textOf(message: StreamMessage): Buffer {
  if (message.type !== 'epochs') return Buffer.from(JSON.stringify(message))
  const known = texts.get(message.epochs)
  if (known !== undefined) return known
  const text = Buffer.from(JSON.stringify(message))
  texts.set(message.epochs, text)
  return text
}

function sinkOf(socket: WebSocket): Sink {
  const gone = new AbortController()
  socket.on('close', () => gone.abort())
  socket.on('error', () => gone.abort())
  return {
    signal: gone.signal,
    isReady: () => socket.bufferedAmount < readyBytes,
    async send(message: StreamMessage) {
      if (gone.signal.aborted) return
      const written = new Promise<void>((resolve) => {
        socket.send(textOf(message), { binary: false }, () => resolve())
      })
      // The callback comes when the bytes have left for the system, so waiting for it empties the buffer.
      if (socket.bufferedAmount > maximumBufferedBytes) await written
    },
  }
}
