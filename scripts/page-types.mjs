// Writes the page's types of the API, page/src/generated/api.ts, from the OpenAPI document of the built service.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import openapiTypes from 'openapi-typescript'
import { pino } from 'pino'
import { z } from 'zod'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { buildApp } = await import(join(root, 'dist/src/http/app.js'))
const { clientMessageSchema, jobsStreamMessageSchema, streamMessageSchema } = await import(
  join(root, 'dist/src/contract/stream.js')
)

// Describing the routes needs nothing of what answers them: whatever is asked of it, this does nothing.
const nothing = new Proxy(() => nothing, {
  get: (_, name) => (name === 'then' ? undefined : name === Symbol.toPrimitive ? () => 1 : nothing),
})
const app = await buildApp({
  logger: pino({ level: 'silent' }),
  limits: { bodyBytes: 1024, uploadSeconds: 1 },
  pageDirectory: null,
  allowedOrigins: [],
  metrics: nothing,
  submission: nothing,
})
await app.ready()
const document = app.swagger()
// The messages of the streams are not part of that document; a union tells them apart by `type`.
const union = ({ options }, io) => ({ anyOf: options.map((schema) => z.toJSONSchema(schema, { io })) })
const schemas = {
  ...document.components?.schemas,
  StreamMessage: union(streamMessageSchema, 'output'),
  JobsStreamMessage: union(jobsStreamMessageSchema, 'output'),
  ClientMessage: union(clientMessageSchema, 'input'),
}
const text = await openapiTypes({ ...document, components: { ...document.components, schemas } })
await app.close()

const target = join(root, 'page/src/generated/api.ts')
mkdirSync(dirname(target), { recursive: true })
writeFileSync(target, text)
