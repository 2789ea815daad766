/**
 * Web pages of other places may not use the service through their visitors' browsers, which tell where a page is from by
 * the Origin header. A page could also have its own name point at this machine (DNS rebinding), so that while the
 * service is open to this machine, the name it is asked by must be one of this machine's.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from '../../contract/problems.js'
import type { KeyWatch } from '../key-watch.js'

export interface Origins {
  /** As browsers send them: `https://example.org`. */
  allowedOrigins: readonly string[]
  keyWatch: Pick<KeyWatch, 'isOpen'>
}

export function refuseForeignOrigins(app: FastifyInstance, { allowedOrigins, keyWatch }: Origins): void {
  const allowedHosts = allowedOrigins.map((origin) => new URL(origin).host)

  /** This machine, as the last request wrote it: most write it the same. */
  let ownHost: string | null = null

  app.addHook('onRequest', (request, _reply, done) => {
    const { origin } = request.headers
    if (origin !== undefined && !isOwn(request, origin) && !allowedOrigins.includes(origin)) {
      throw new Problem(
        'foreign-origin',
        `Pages from ${origin} may not use this service; ALLOWED_ORIGINS lists those that may.`,
      )
    }
    if (keyWatch.isOpen && request.headers.host !== ownHost) {
      if (isThisMachine(request.hostname)) ownHost = request.host
      else refuseForeignName(request)
    }
    done()
  })

  function refuseForeignName(request: FastifyRequest): void {
    if (request.routeOptions.config.scope === 'public' || allowedHosts.includes(request.host)) return
    throw new Problem(
      'foreign-origin',
      `Without keys this service accepts only the host names of its own machine, not ${request.host}; ` +
        'create a key, or add the host to ALLOWED_ORIGINS.',
    )
  }
}

function isOwn({ host }: FastifyRequest, origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host
}

function isThisMachine(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/i.test(hostname)
}
