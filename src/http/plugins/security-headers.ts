/** Headers that restrict what browsers load and embed. */
import fastifyPlugin from 'fastify-plugin'

/** Responses of the API load nothing. */
const apiPolicy = "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'"

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
 * The headers of helmet, as constants; a test compares both. Strict-Transport-Security is missing, because only the
 * operator knows whether a proxy terminates TLS.
 */
export const securityHeaders = {
  'content-security-policy': apiPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'SAMEORIGIN',
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

/** Swagger UI has inline styles and images. */
export const documentationPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
