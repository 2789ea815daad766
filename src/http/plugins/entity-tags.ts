/** Answers 304 if the client already has the response (RFC 9110, section 13.1.2). */
import { hash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** For the GET routes of `app` with text responses. */
export function sendEntityTags(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (!isRead || reply.statusCode !== 200 || typeof payload !== 'string') return done(null, payload)
    const tag = `"${hash('sha256', payload, 'base64url')}"`
    if (!respondNotModified(request, reply, tag)) return done(null, payload)
    reply.removeHeader('content-type').removeHeader('content-length')
    done(null, null)
  })
}

/** Sets the ETag. Returns whether the client has this response; its status is then 304, without a body. */
export function respondNotModified(request: FastifyRequest, reply: FastifyReply, tag: string): boolean {
  reply.header('etag', tag).header('cache-control', 'private, no-cache')
  const isKnown = matches(request.headers['if-none-match'], tag)
  if (isKnown) reply.code(304)
  return isKnown
}

/** Weak comparison: ignores W/. */
function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === tag)
}
