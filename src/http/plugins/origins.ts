/**
 * Rejects requests of foreign web pages, which browsers mark with the Origin header. While the service is open without
 * keys, the Host header must name this machine, because a foreign host name may resolve to it (DNS rebinding).
 */
import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { Problem } from '../../contract/problems.js'
import type { KeyMonitor } from '../key-monitor.js'

export interface Origins {
  /** As browsers send them: `https://example.org`. */
  allowedOrigins: readonly string[]
  keyMonitor: Pick<KeyMonitor, 'isOpen'>
}

export const rejectForeignOrigins = fastifyPlugin<Origins>((app, { allowedOrigins, keyMonitor }, done) => {
  const allowedHosts = allowedOrigins.map((origin) => new URL(origin).host)

  /** The last accepted Host header, so that equal headers are not parsed again. */
  let ownHost: string | null = null

  app.addHook('onRequest', (request, _reply, next) => {
    const { origin } = request.headers
    if (origin !== undefined && !isSameOrigin(request, origin) && !allowedOrigins.includes(origin)) {
      throw new Problem('foreign-origin', `The origin ${origin} is not allowed; add it to ALLOWED_ORIGINS.`)
    }
    if (keyMonitor.isOpen && request.headers.host !== ownHost) {
      if (isThisMachine(request.host)) ownHost = request.host
      else rejectForeignHost(request)
    }
    next()
  })

  function rejectForeignHost(request: FastifyRequest): void {
    if (request.routeOptions.config.scope === 'public' || allowedHosts.includes(request.host)) return
    throw new Problem(
      'foreign-origin',
      `Without keys this service accepts only the host names of this machine, not ${request.host}; ` +
        'create a key, or add the host to ALLOWED_ORIGINS.',
    )
  }
  done()
})

function isSameOrigin({ host }: FastifyRequest, origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host
}

/** @param host with or without a port */
function isThisMachine(host: string): boolean {
  return /^(localhost|([a-z0-9-]+\.)+localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$|^::1$/i.test(host)
}
