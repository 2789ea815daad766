/**
 * What tells one request under an Idempotency-Key from another: a hash of the body as it was sent, and one of the body as
 * validated. The second is the same where defaults are left out; the first is the same after an upgrade that adds defaults.
 */
const version = '2'

/** @param hashes of the body as sent and as validated */
export function fingerprint(sent: string, validated: string): string {
  return [version, sent, validated].join(' ')
}

/** A fingerprint of an earlier release cannot be compared: the key alone says that the request is the same. */
export function isSameRequest(stored: string, asked: string): boolean {
  const [storedVersion, ...hashes] = stored.split(' ')
  const [, ...others] = asked.split(' ')
  return storedVersion !== version || hashes.some((hash, place) => hash === others[place])
}
