/** Headers that tell browsers to trust nothing but what this service itself serves. */
import { type IncomingMessage, ServerResponse } from 'node:http'
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

const headOf = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')

const { 'content-security-policy': _, ...withoutPolicy } = securityHeaders
const head = headOf(securityHeaders)
const headWithoutPolicy = headOf(withoutPolicy)

declare module 'node:http' {
  interface OutgoingMessage {
    /** Not documented: composes the head of a message from its first line and its headers. */
    _storeHeader(firstLine: string, headers: object | undefined): void
  }
}

/**
 * Writes the security headers as one constant text. Node validates and copies each header of each response, which takes
 * longer for these than all the rest of a short response's head. A policy of the route replaces the usual one.
 */
export class SecureResponse<Request extends IncomingMessage> extends ServerResponse<Request> {
  override _storeHeader(firstLine: string, headers: object | undefined): void {
    const hasPolicy = headers !== undefined && 'content-security-policy' in headers
    super._storeHeader(firstLine + (hasPolicy ? headWithoutPolicy : head), headers)
  }
}

/** For responses that the server does not make itself: those to upgrades, and to injected requests. */
export function sendSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    if (!(reply.raw instanceof SecureResponse)) reply.headers(securityHeaders)
    done()
  })
}

/** The documentation's page brings inline styles and images; everything else stays shut. */
export const documentationPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
