// The application with routes and schemas but without stores: enough to describe the API.
import { join } from 'node:path'
import { pino } from 'pino'

/** Imports a built module by its path in the repository. */
export const built = (path) => import(join(import.meta.dirname, '../dist', path))

export async function describedApi() {
  const { buildApp } = await built('src/http/app.js')
  // Describing a route calls no dependency; every property of this object is the object itself.
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
  await app.close()
  return document
}
