/** The OpenAPI document, generated from the schemas of the routes. */
import swagger, { type StaticDocumentSpec } from '@fastify/swagger'
import fastify from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { release } from '../contract/release.js'
import { completeDocument } from './openapi-completion.js'
import { describeRoute, hasOptionalBody } from './openapi-route.js'
import { registerRoutes } from './routes.js'
import { SchemaComponents } from './schema-components.js'

/** The build renders these next to the page (scripts/documents.mjs). */
const documents = [
  '[Data](/documents/docs/data.html)',
  '[Networks](/documents/docs/networks.html)',
  '[API](/documents/docs/api.html)',
  '[Model Context Protocol](/documents/docs/mcp.html)',
  '[Teaching](/documents/docs/teaching.html)',
  '[Operating](/documents/docs/operating.html)',
  '[Security](/documents/SECURITY.html)',
  '[Glossary](/documents/docs/glossary.html)',
].join(' · ')

/** Generates the document from the routes that are registered after this plugin. */
export const describeRoutes = fastifyPlugin(async (app) => {
  const components = new SchemaComponents()
  const optionalBodies = new Set<string>()
  await app.register(swagger, {
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Descent',
        version: release,
        description: `Training as a service: start trainings, watch the loss of every epoch, query the models.\n\n${documents}`,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'Not needed while the service is open.' },
        },
      },
      security: [{ key: [] }],
      tags: [
        { name: 'jobs', description: 'Start and watch trainings' },
        { name: 'sweeps', description: 'Train one spec with many values' },
        { name: 'models', description: 'Query trained networks' },
        { name: 'inference', description: 'Query models by the Open Inference Protocol' },
        { name: 'datasets', description: 'Upload and read training data' },
        { name: 'workshops', description: 'Train together: participants join by a code' },
        { name: 'webhooks', description: 'Receive an event when a job finishes' },
        { name: 'administration', description: 'Manage tenants, keys and limits, and read the audit log' },
        { name: 'operations', description: 'Health, metrics, limits and problem codes' },
      ],
    },
    transform: ({ schema, url, route }) => {
      if (schema.hide) return { schema, url }
      if (hasOptionalBody(schema)) optionalBodies.add(schema.operationId ?? '')
      return { schema: describeRoute(schema, route.config ?? {}, components), url }
    },
    transformObject: (generated) =>
      'openapiObject' in generated
        ? completeDocument(Object(generated.openapiObject), components, optionalBodies)
        : generated.swaggerObject,
  })
})

export type OpenapiDocument = StaticDocumentSpec['document']

/** Uses this document in place of a generated one. */
export const serveDocument = fastifyPlugin<StaticDocumentSpec>(async (app, specification) => {
  await app.register(swagger, { mode: 'static', specification })
})

function noDependencies(): never {
  throw new Error('A route calls dependencies() while it is added. Call it in the handler.')
}

/** Returns the document without a service. No handler runs, so no route needs its dependencies. */
export async function openapiDocument(): Promise<object> {
  const app = fastify().withTypeProvider<ZodTypeProvider>()
  await app.register(describeRoutes)
  await registerRoutes(app, noDependencies)
  await app.ready()
  const document = app.swagger()
  await app.close()
  return document
}
