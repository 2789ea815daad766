/**
 * Keys and tickets as text. A key has `descent_`, an id of 32 hexadecimal digits, a secret of 64, and a checksum of 8.
 * A mistyped key is refused without a query.
 */
import { hash, randomBytes } from 'node:crypto'
import { idPrefixes } from '../contract/ids.js'

const prefix = 'descent_'
const pattern = /^descent_([0-9a-f]{32})([0-9a-f]{64})([0-9a-f]{8})$/

/** The stored hash of a secret. A secret of 256 random bits cannot be guessed, so a fast hash is enough. */
export function fingerprint(secret: string): string {
  return hash('sha256', secret)
}

const checksum = (text: string) => fingerprint(text).slice(0, 8)

/** The text is shown once and stored nowhere. */
export function makeKey(): { id: string; text: string; sha256: string } {
  const name = randomBytes(16).toString('hex')
  const secret = randomBytes(32).toString('hex')
  const text = prefix + name + secret
  return { id: idPrefixes.key + name, text: text + checksum(text), sha256: fingerprint(secret) }
}

/** Null if the text is no key or its checksum is wrong. */
export function readKey(text: string): { id: string; sha256: string } | null {
  const [, name, secret, check] = pattern.exec(text) ?? []
  if (name === undefined || secret === undefined || checksum(prefix + name + secret) !== check) return null
  return { id: idPrefixes.key + name, sha256: fingerprint(secret) }
}

export function makeTicket(): { text: string; sha256: string } {
  const text = randomBytes(32).toString('hex')
  return { text, sha256: fingerprint(text) }
}
