/** The running service serves the OpenAPI document of the build, also to Swagger UI. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { sharedService } from '../support/shared.js'

it.each(['/openapi.json', '/docs/json'])('%s is the document of the build', async (path) => {
  const { url } = await sharedService()
  const answer = await fetch(`${url}${path}`)
  expect(await answer.json()).toEqual(JSON.parse(readFileSync('dist/openapi.json', 'utf8')))
})
