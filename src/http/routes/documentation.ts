/** The OpenAPI and AsyncAPI documents, and Swagger UI. */
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsync } from 'fastify'
import { release } from '../../contract/release.js'
import { asyncApiDocument } from '../asyncapi.js'
import { withWebhooks } from '../openapi-webhooks.js'
import { declarePublic } from '../plugins/authentication.js'
import { documentationPolicy, sendDocumentHeaders } from '../plugins/security-headers.js'

export const documentationRoutes: FastifyPluginAsync = async (app) => {
  declarePublic(app)
  sendDocumentHeaders(app)
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: documentationPolicy,
    transformSpecification: withWebhooks,
    uiConfig: { layout: 'BaseLayout', deepLinking: true, tryItOutEnabled: true },
  })

  let openApi: object | undefined
  const describeApi = () => {
    openApi ??= withWebhooks(app.swagger())
    return openApi
  }
  app.get('/openapi.json', { schema: { hide: true } }, async () => describeApi())

  let asyncApi: object | undefined
  app.get('/asyncapi.json', { schema: { hide: true } }, async () => {
    asyncApi ??= asyncApiDocument(release)
    return asyncApi
  })
}
