/** The OpenAPI document, generated from the schemas of the routes. */
import swagger, { type StaticDocumentSpec } from '@fastify/swagger'
import fastify from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { jsonSchemaTransform, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { release } from '../contract/release.js'
import { withWebhooks } from './openapi-webhooks.js'
import { registerRoutes } from './routes.js'

/** The build renders these next to the page (scripts/documents.mjs). */
const documents = [
  '[Data](/documents/docs/data.html)',
  '[Networks](/documents/docs/networks.html)',
  '[API](/documents/docs/api.html)',
  '[Teaching](/documents/docs/teaching.html)',
  '[Operating](/documents/docs/operating.html)',
  '[Security](/documents/SECURITY.html)',
  '[Glossary](/documents/docs/glossary.html)',
].join(' · ')

/** Documents bodies with a schema for each content type, which the transform of the package does not support. */
const describeContentTypes: typeof jsonSchemaTransform = (route) => {
  const { body, ...rest } = route.schema
  if (!hasContentTypes(body)) return jsonSchemaTransform(route)
  const documented = jsonSchemaTransform({ ...route, schema: rest })
  const content = Object.entries(body.content).map(([type, { schema }]) => {
    return [type, { schema: z.toJSONSchema(schema, { io: 'input' }) }] as const
  })
  return { ...documented, schema: { ...documented.schema, body: { content: Object.fromEntries(content) } } }
}

function hasContentTypes(body: unknown): body is { content: Record<string, { schema: z.ZodType }> } {
  return typeof body === 'object' && body !== null && !(body instanceof z.ZodType) && 'content' in body
}

/** Adds the scope of the route to its description. */
const describeScope: typeof jsonSchemaTransform = (route) => {
  const documented = describeContentTypes(route)
  const { scope } = route.route.config ?? {}
  const requirement =
    scope === 'any' ? 'Needs a key that may do more than predict.' : `Needs the scope \`${scope}\`.`
  const access =
    scope === 'public'
      ? { security: [] }
      : { description: [documented.schema.description, requirement].filter(Boolean).join(' ') }
  return { ...documented, schema: { ...documented.schema, ...access } }
}

/** Generates the document from the routes that are registered after this plugin. */
export const describeRoutes = fastifyPlugin(async (app) => {
  await app.register(swagger, {
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
        { name: 'operations', description: 'Health, metrics, limits and problem codes' },
      ],
    },
    transform: describeScope,
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
  const document = withWebhooks(app.swagger())
  await app.close()
  return document
}
