/** Headers that restrict what browsers load and embed. */
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/** WebSockets to the same host match 'self' (CSP level 3). */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join(';')

/**
 * Sent with every response. For responses that are not rendered, OWASP's REST Security Cheat Sheet names these, and the
 * resource policy keeps other sites from embedding them. Strict-Transport-Security is missing, because only the operator
 * knows whether a proxy terminates TLS.
 */
export const securityHeaders = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
} as const

/** The other headers of helmet, which affect documents alone. A test compares the values of both sets with helmet's. */
export const documentHeaders = {
  'cross-origin-opener-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
} as const

export const sendSecurityHeaders = fastifyPlugin((app, _options, done) => {
  app.addHook('onRequest', (_request, reply, next) => {
    reply.headers(securityHeaders)
    next()
  })
  done()
})

/** For the routes of `app` that send documents, or files that documents load. Each sets its own policy. */
export function sendDocumentHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, next) => {
    reply.headers(documentHeaders)
    next()
  })
}

/** Swagger UI has inline styles and images. */
export const documentationPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
