/** The OpenAPI and AsyncAPI documents, and Swagger UI. */
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsync } from 'fastify'
import { release } from '../../contract/release.js'
import { asyncApiDocument } from '../asyncapi.js'
import { declarePublic } from '../plugins/authentication.js'
import { documentationPolicy, sendDocumentHeaders } from '../plugins/security-headers.js'

export const documentationRoutes: FastifyPluginAsync = async (app) => {
  declarePublic(app)
  sendDocumentHeaders(app)
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: documentationPolicy,
    uiConfig: { layout: 'BaseLayout', deepLinking: true, tryItOutEnabled: true },
  })

  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())

  let asyncApi: object | undefined
  app.get('/asyncapi.json', { schema: { hide: true } }, async () => {
    asyncApi ??= asyncApiDocument(release)
    return asyncApi
  })
}
