import { createHash } from 'node:crypto'
import { fingerprint } from '../contract/fingerprint.js'

/** Hashes the body as received and as validated. Spacing and the order of fields do not change the result. */
export function fingerprintBody(prefix: string, received: unknown, validated: unknown): string {
  const hashContent = (content: string) => createHash('sha256').update(`${prefix}\n${content}`).digest('hex')
  return fingerprint(
    hashContent(JSON.stringify(received, sortMembers)),
    hashContent(JSON.stringify(validated)),
  )
}

function sortMembers(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
}
