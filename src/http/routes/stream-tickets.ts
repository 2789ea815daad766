/** Stream tickets, for browsers: these cannot send a key with a stream, and a key does not belong into an address. */
import { streamTicketSchema } from '../../contract/key.js'
import { Problem } from '../../contract/problems.js'
import { makeTicket } from '../../training/key-text.js'
import type { JobStore } from '../../training/ports/jobs.js'
import type { TicketStore } from '../../training/ports/stream-tickets.js'
import type { Tenanted } from '../../training/ports/tenants.js'
import type { FailedAuthentications } from '../failed-authentications.js'
import { requirePrincipal } from '../principal.js'
import { failures, idParameters } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface StreamTicketRoutes {
  jobs: Tenanted<JobStore>
  tickets: Pick<TicketStore, 'create' | 'createForAll'>
  failedAuthentications: Pick<FailedAuthentications, 'accept'>
}

export const streamTicketRoutes: RoutePlugin<StreamTicketRoutes> = (app, { dependencies }, done) => {
  app.post(
    '/jobs/:id/stream-tickets',
    {
      config: { scope: 'jobs:read', acceptsShareLink: true },
      schema: {
        tags: ['jobs'],
        operationId: 'createJobStreamTicket',
        summary: 'Get a stream ticket for one job',
        description:
          'For browsers, whose WebSocket and EventSource cannot send a key. The ticket opens the stream of this job once, ' +
          'within 30 seconds.',
        params: idParameters,
        response: { 201: streamTicketSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { jobs, tickets, failedAuthentications } = dependencies()
      const { id } = request.params
      const { tenantId, keyId, shareLinkId } = requirePrincipal(request)
      const [job] = await jobs.of(tenantId).progress([id])
      const { text, sha256 } = makeTicket()
      const ticket = { sha256, jobId: id, keyId, shareLinkId }
      const expiresAt = job === undefined ? null : await tickets.create(ticket)
      if (expiresAt === null) throw new Problem('not-found', `There is no job ${id}.`)
      failedAuthentications.accept(sha256)
      const stream = `/jobs/${id}/stream?ticket=${text}`
      reply.header('cache-control', 'no-store')
      return reply.code(201).send({ ticket: text, expiresAt: expiresAt.toISOString(), stream })
    },
  )

  app.post(
    '/stream-tickets',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'createStreamTicket',
        summary: 'Get a stream ticket for many jobs or a sweep',
        description:
          'For browsers, whose WebSocket and EventSource cannot send a key. The ticket opens /stream, or the stream ' +
          'of a sweep, once, within 30 seconds.',
        response: { 201: streamTicketSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { tickets, failedAuthentications } = dependencies()
      const { text, sha256 } = makeTicket()
      const expiresAt = await tickets.createForAll({ sha256, keyId: requirePrincipal(request).keyId })
      failedAuthentications.accept(sha256)
      reply.header('cache-control', 'no-store')
      return reply
        .code(201)
        .send({ ticket: text, expiresAt: expiresAt.toISOString(), stream: `/stream?ticket=${text}` })
    },
  )

  done()
}
