/** The page at `/` and the documents at `/documents/`, as the build made them. */
import staticFiles from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { makePublic } from '../plugins/authentication.js'
import { pagePolicy } from '../plugins/security-headers.js'

/** Files named after a hash of their content never change. */
const hashed = /\/assets\//

export async function pageRoutes(app: FastifyInstance, { directory }: { directory: string }): Promise<void> {
  makePublic(app)
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('content-security-policy', pagePolicy)
    done()
  })
  await app.register(staticFiles, {
    root: directory,
    wildcard: false,
    cacheControl: false,
    setHeaders(response, path) {
      const kept = hashed.test(path)
      response.setHeader('cache-control', kept ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
}
