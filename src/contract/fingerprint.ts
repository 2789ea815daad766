/**
 * Compares requests with the same Idempotency-Key by two hashes. The hash of the validated body ignores
 * omitted defaults. The hash of the body as sent survives an upgrade that adds defaults.
 */
const version = '2'

/** Builds the fingerprint from the hashes of the body as sent and as validated. */
export function fingerprint(sent: string, validated: string): string {
  return [version, sent, validated].join(' ')
}

/** One equal hash is enough. Fingerprints of older versions cannot be compared and count as equal. */
export function isSameRequest(stored: string, received: string): boolean {
  const [storedVersion, ...storedHashes] = stored.split(' ')
  const [, ...receivedHashes] = received.split(' ')
  return storedVersion !== version || storedHashes.some((hash, index) => hash === receivedHashes[index])
}
