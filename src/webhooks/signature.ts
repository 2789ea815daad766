/** Signatures after the Standard Webhooks rules: HMAC-SHA256 over id, time and body. */
import { createHmac } from 'node:crypto'

/** The three headers of a delivery. `secrets` are `whsec_` and base64, and each signs; `at` is when this attempt is made. */
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
