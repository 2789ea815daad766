/** Share links of a job: anybody who has one sees the run, and nothing else. */
import { z } from 'zod'
import { newShareLinkSchema, shareLinkSchema } from '../../contract/share-link.js'
import { text } from '../../contract/text.js'
import type { AllShareLinks } from '../../training/ports/share-links.js'
import { createShareLink, listShareLinks, revokeShareLink } from '../../training/share-links.js'
import { type ActorSource, actorOf } from '../actor.js'
import { requirePrincipal } from '../principal.js'
import { failures, idParameters, listSchema, toList } from '../response-schemas.js'
import type { RoutePlugin } from '../route-plugin.js'

export interface ShareLinkRoutes extends ActorSource {
  shareLinks: AllShareLinks
}

export const shareLinkRoutes: RoutePlugin<ShareLinkRoutes> = (app, { dependencies }, done) => {
  app.post(
    '/jobs/:id/share-links',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'createShareLink',
        summary: 'Make a share link',
        description:
          'Anybody who has the link sees the job, its epochs and its stream without a key, and nothing else. It works ' +
          'until it is revoked or the job is deleted.',
        params: idParameters,
        response: { 201: newShareLinkSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { tenantId } = requirePrincipal(request)
      const { shareLinks } = dependencies()
      const actor = actorOf(request, dependencies())
      const link = await createShareLink(shareLinks.of(tenantId), request.params.id, actor)
      reply.header('cache-control', 'no-store')
      return reply.code(201).send(link)
    },
  )

  app.get(
    '/jobs/:id/share-links',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        operationId: 'listShareLinks',
        summary: 'List the share links of a job, newest first',
        params: idParameters,
        response: { 200: listSchema(shareLinkSchema), ...failures },
      },
    },
    async (request) => {
      const { tenantId } = requirePrincipal(request)
      const data = await listShareLinks(dependencies().shareLinks.of(tenantId), request.params.id)
      return toList({ data, hasMore: false, lastId: data.at(-1)?.id ?? null })
    },
  )

  app.delete(
    '/jobs/:id/share-links/:link',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        operationId: 'revokeShareLink',
        summary: 'Revoke a share link',
        description: 'Takes effect at the next request. Open streams of the link close within a second.',
        params: idParameters.extend({ link: text(100) }),
        response: { 204: z.null().describe('revoked'), ...failures },
      },
    },
    async (request, reply) => {
      const { id, link } = request.params
      const { shareLinks } = dependencies()
      const actor = actorOf(request, dependencies())
      await revokeShareLink(shareLinks.of(requirePrincipal(request).tenantId), id, link, actor)
      return reply.code(204).send(null)
    },
  )

  done()
}
