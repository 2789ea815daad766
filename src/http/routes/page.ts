/** The built page at `/` and the documents at `/documents/`. */
import staticFiles from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { declarePublic } from '../plugins/authentication.js'
import { pagePolicy, sendDocumentHeaders } from '../plugins/security-headers.js'

/** The names of these files contain a hash of their content. */
const immutable = /\/assets\//

export async function pageRoutes(app: FastifyInstance, { directory }: { directory: string }): Promise<void> {
  declarePublic(app)
  sendDocumentHeaders(app)
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('content-security-policy', pagePolicy)
    done()
  })
  await app.register(staticFiles, {
    root: directory,
    wildcard: false,
    cacheControl: false,
    setHeaders(response, path) {
      const isImmutable = immutable.test(path)
      response.setHeader('cache-control', isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
}
