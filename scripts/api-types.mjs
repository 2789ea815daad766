// Writes the types of the API, sdk/src/generated/api.ts, from the OpenAPI document of the built service.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import openapiTypes from 'openapi-typescript'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const document = JSON.parse(readFileSync(join(root, 'dist/openapi.json'), 'utf8'))
// This version of openapi-typescript would intersect unions with the name of their parent.
for (const schema of Object.values(document.components.schemas)) delete schema.discriminator
const text = await openapiTypes(document)

const target = join(root, 'sdk/src/generated/api.ts')
mkdirSync(dirname(target), { recursive: true })
writeFileSync(target, text)
