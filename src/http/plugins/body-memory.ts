/**
 * Limits the memory of request bodies. A body is in memory from its first byte, and a client may send it as slowly as an
 * upload. So a tenant holds the announced size of its bodies until their requests are answered.
 */
import type { FastifyRequest, preParsingHookHandler, RouteOptions } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { TenantBytes } from '../../base/tenant-bytes.js'
import { Problem } from '../../contract/problems.js'
import { requirePrincipal } from '../principal.js'
import { onceClosed } from '../response-close.js'

/** Of one tenant. At least this many bytes, and this many of the largest bodies. */
const leastBytes = 128 * 1024 * 1024
const leastBodies = 16

interface BodyMemoryOptions {
  /** MAXIMUM_BODY_BYTES. */
  bodyBytes: number
}

/** For the routes that are registered after this plugin. Bodies of public routes are limited by the route. */
export const limitBodyMemory = fastifyPlugin<BodyMemoryOptions>((app, { bodyBytes }, done) => {
  const bodies = new TenantBytes(Math.max(leastBytes, leastBodies * bodyBytes))

  const hold: preParsingHookHandler = (request, reply, payload, next) => {
    const bytes = bytesInMemory(request, bodyBytes)
    if (bytes === 0) return next(null, payload)
    const { countedAs } = requirePrincipal(request)
    if (!bodies.tryHold(countedAs, bytes)) {
      reply.header('connection', 'close')
      return next(tooManyBytes(bodies, countedAs, bytes))
    }
    onceClosed(reply, () => bodies.giveBack(countedAs, bytes))
    next(null, payload)
  }

  app.addHook('onRoute', (route) => {
    if (route.config?.scope === 'public' || !hasBody(route)) return
    route.preParsing = [hold, route.preParsing ?? []].flat()
  })
  done()
})

const hasBody = ({ method }: RouteOptions) =>
  [method].flat().some((name) => name !== 'GET' && name !== 'HEAD')

/**
 * Bodies without a length may be as long as the limit, and so may the fields of a form. Files are streams, which are not
 * kept in memory.
 */
function bytesInMemory({ headers, routeOptions }: FastifyRequest, bodyBytes: number): number {
  const isStream = routeOptions.bodyLimit === Number.MAX_SAFE_INTEGER
  if (isStream) return 0
  if (headers['transfer-encoding'] !== undefined) return bodyBytes
  // A longer body is refused by its length, before it is read. A longer form has files.
  return Math.min(bodyBytes, Number(headers['content-length'] ?? 0))
}

function tooManyBytes(bodies: TenantBytes, tenantId: string, bytes: number): Problem {
  return new Problem(
    'overloaded',
    `The unanswered requests of this tenant have bodies of ${bodies.held(tenantId)} bytes, and this one has up to ` +
      `${bytes}; the limit is ${bodies.limit}. Retry later, with fewer at a time.`,
  )
}
