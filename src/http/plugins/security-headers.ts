/** Headers that restrict browsers to what this service serves. */
import type { FastifyInstance } from 'fastify'

/** Answers of the API load nothing. */
const answerPolicy = "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'"

/** The page's own WebSockets count as 'self' (CSP level 3). */
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
 * The headers that helmet sends, which computes them for every answer; a test compares both. Strict-Transport-Security is
 * missing, because only the operator knows whether a proxy ends TLS.
 */
export const securityHeaders = {
  'content-security-policy': answerPolicy,
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

export function sendSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(securityHeaders)
    done()
  })
}

/** The documentation's page brings inline styles and images; everything else stays shut. */
export const documentationPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
