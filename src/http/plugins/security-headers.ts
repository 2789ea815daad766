/** Headers that tell browsers to trust nothing but what this service itself serves. */
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
 * Those that helmet sends, which computes them anew for each answer; a test compares the two. Strict-Transport-Security is
 * left out: whether there is TLS in front is the operator's to know.
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
