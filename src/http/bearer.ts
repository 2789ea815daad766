/** The header `Authorization: Bearer …` (RFC 6750). */
import { timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../contract/problems.js'

export const invalidToken = ', error="invalid_token"'

/** Null if there is no such header. */
export function readBearer({ headers }: FastifyRequest): string | null {
  const [, text] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '') ?? []
  return text ?? null
}

/** Sets the challenge of RFC 6750, section 3. */
export function challenge(reply: FastifyReply, reason: string, detail: string): Problem {
  reply.header('www-authenticate', `Bearer realm="descent"${reason}`)
  return new Problem('unauthorized', detail)
}

/** Compares SHA-256 hashes in hexadecimal, in constant time. */
export function isEqualHash(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one, 'hex'), Buffer.from(other, 'hex'))
}
