// Writes dist/openapi.json, so that the service need not generate its OpenAPI document at each start.
import { writeFileSync } from 'node:fs'
import { built } from './built.mjs'

const { openapiDocument } = await built('src/http/openapi.js')
writeFileSync('dist/openapi.json', JSON.stringify(await openapiDocument()))
