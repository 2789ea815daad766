/** The OpenAPI and AsyncAPI documents, and Swagger UI. */
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsync } from 'fastify'
import { release } from '../../contract/release.js'
import { asyncApiDocument } from '../asyncapi.js'
import { constantDocument } from '../constant-document.js'
import { declarePublic } from '../plugins/authentication.js'
import { documentationPolicy, sendDocumentHeaders } from '../plugins/security-headers.js'

export const documentationRoutes: FastifyPluginAsync = async (app) => {
  declarePublic(app)
  sendDocumentHeaders(app)
  const sendOpenapi = constantDocument(() => app.swagger())
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: documentationPolicy,
    uiConfig: { layout: 'BaseLayout', deepLinking: true, tryItOutEnabled: true },
    uiHooks: {
      // The plugin would write the document for each request.
      onRequest(request, reply, done) {
        if (request.routeOptions.url === '/docs/json') sendOpenapi(request, reply)
        else done()
      },
    },
  })

  app.get('/openapi.json', { schema: { hide: true } }, sendOpenapi)
  app.get(
    '/asyncapi.json',
    { schema: { hide: true } },
    constantDocument(() => asyncApiDocument(release)),
  )
}
