/** `npm run bench -- adversary` and test/hostile/adversary.test.ts attack every route. */
import { expect, it } from 'vitest'
import { z } from 'zod'
import { attacks } from '../../bench/adversary/attacks.js'
import { openapiDocument } from '../../src/http/openapi.js'

const documentSchema = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })

it('every route has an attack', async () => {
  const { paths } = documentSchema.parse(await openapiDocument())
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const attacked = Object.values(attacks).flatMap((attack) => attack.routes)
  expect([...new Set(attacked)].toSorted()).toEqual(routes.toSorted())
})
