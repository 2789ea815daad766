// Writes the page's types of the API, page/src/generated/api.ts, from the OpenAPI document of the built service.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import openapiTypes from 'openapi-typescript'
import { z } from 'zod'
import { built } from './built.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { clientMessageSchema, jobsStreamMessageSchema, streamMessageSchema } =
  await built('src/contract/stream.js')
const { sweepMessageSchema } = await built('src/contract/sweep-stream.js')

const document = JSON.parse(readFileSync(join(root, 'dist/openapi.json'), 'utf8'))
// The document does not include the stream messages; they are unions discriminated by `type`.
const union = ({ options }, io) => ({ anyOf: options.map((schema) => z.toJSONSchema(schema, { io })) })
const schemas = {
  ...document.components?.schemas,
  StreamMessage: union(streamMessageSchema, 'output'),
  JobsStreamMessage: union(jobsStreamMessageSchema, 'output'),
  SweepMessage: union(sweepMessageSchema, 'output'),
  ClientMessage: union(clientMessageSchema, 'input'),
}
const text = await openapiTypes({ ...document, components: { ...document.components, schemas } })

const target = join(root, 'page/src/generated/api.ts')
mkdirSync(dirname(target), { recursive: true })
writeFileSync(target, text)
