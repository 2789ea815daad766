/**
 * Keys, share links and tickets as text. A key has `descent_`, an id of 32 hexadecimal digits, a secret of 64, and a
 * checksum of 8. A share link has `share_` and the digits of the id of its job instead. Mistyped ones are refused
 * without a query.
 */
import { hash, randomBytes } from 'node:crypto'
import { idPrefixes } from '../contract/ids.js'

const prefixes = { key: 'descent_', shareLink: 'share_' } as const
const pattern = /^([a-z]+_)([0-9a-f]{32})([0-9a-f]{64})([0-9a-f]{8})$/

/** The stored hash of a secret. A secret of 256 random bits cannot be guessed, so a fast hash is enough. */
export function fingerprint(secret: string): string {
  return hash('sha256', secret)
}

const checksum = (text: string) => fingerprint(text).slice(0, 8)

/** @param name 32 hexadecimal digits */
function makeText(prefix: string, name: string): { text: string; sha256: string } {
  const secret = randomBytes(32).toString('hex')
  const text = prefix + name + secret
  return { text: text + checksum(text), sha256: fingerprint(secret) }
}

/** Null if the text has another prefix, or its checksum is wrong. */
function readText(prefix: string, text: string): { name: string; sha256: string } | null {
  const [, start, name, secret, check] = pattern.exec(text) ?? []
  if (start !== prefix || name === undefined || secret === undefined) return null
  return checksum(start + name + secret) === check ? { name, sha256: fingerprint(secret) } : null
}

/** The text is shown once and stored nowhere. */
export function makeKey(): { id: string; text: string; sha256: string } {
  const name = randomBytes(16).toString('hex')
  return { id: idPrefixes.key + name, ...makeText(prefixes.key, name) }
}

/** Null if the text is no key or its checksum is wrong. */
export function readKey(text: string): { id: string; sha256: string } | null {
  const read = readText(prefixes.key, text)
  return read === null ? null : { id: idPrefixes.key + read.name, sha256: read.sha256 }
}

/** The text is shown once and stored nowhere. */
export function makeShareToken(jobId: string): { text: string; sha256: string } {
  return makeText(prefixes.shareLink, jobId.slice(idPrefixes.job.length))
}

/** Null if the text is no share link or its checksum is wrong. */
export function readShareToken(text: string): { jobId: string; sha256: string } | null {
  const read = readText(prefixes.shareLink, text)
  return read === null ? null : { jobId: idPrefixes.job + read.name, sha256: read.sha256 }
}

export function makeTicket(): { text: string; sha256: string } {
  const text = randomBytes(32).toString('hex')
  return { text, sha256: fingerprint(text) }
}
