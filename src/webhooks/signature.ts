/** Signatures of the Standard Webhooks specification: HMAC-SHA256 over id, timestamp and body. */
import { createHmac } from 'node:crypto'

/**
 * The three headers of a delivery.
 * @param secrets `whsec_` and base64; each adds a signature
 * @param at the time of this attempt
 */
export function signatureHeaders(
  secrets: readonly string[],
  { id, body }: { id: string; body: string },
  at: Date,
): Record<string, string> {
  const timestamp = Math.floor(at.getTime() / 1_000)
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  }
}
