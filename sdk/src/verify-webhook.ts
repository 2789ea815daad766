/** Verifies deliveries of webhooks (Standard Webhooks: HMAC-SHA256 over id, timestamp and body). */
import { WebhookVerificationError } from './errors.js'
import type { Schemas } from './routes.js'

export type WebhookEvent = Schemas['WebhookBody'] | Schemas['WebhookTestBody']

type HeaderSource = Headers | Readonly<Record<string, string | readonly string[] | undefined>>

export interface VerifyOptions {
  /** The most seconds between the timestamp of the delivery and now, either way. Default: 300. */
  toleranceSeconds?: number
  /** Default: now. */
  at?: Date
}

/**
 * The event of a delivery that the service signed.
 * @param body the bytes as they were received: parsing and printing JSON changes them
 * @param secrets `whsec_…`, one or, during a rotation, several
 * @throws WebhookVerificationError
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: HeaderSource,
  secrets: string | readonly string[],
  { toleranceSeconds = 300, at = new Date() }: VerifyOptions = {},
): Promise<WebhookEvent> {
  const id = requireHeader(headers, 'webhook-id')
  const timestamp = requireHeader(headers, 'webhook-timestamp')
  const signatures = requireHeader(headers, 'webhook-signature').split(' ')
  requireRecent(timestamp, toleranceSeconds, at)
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body)
  const content = concatenate(
    new TextEncoder().encode(`${id}.${timestamp}.`),
    typeof body === 'string' ? new TextEncoder().encode(body) : body,
  )
  for (const secret of [secrets].flat()) {
    const key = await importKey(secret)
    for (const signature of signatures) if (await isSignedBy(key, signature, content)) return JSON.parse(text)
  }
  throw new WebhookVerificationError('No signature of the webhook was made with the secret.')
}

function requireHeader(headers: HeaderSource, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : findHeader(headers, name)
  if (typeof value === 'string' && value !== '') return value
  throw new WebhookVerificationError(`The header ${name} is missing.`)
}

function findHeader(headers: Exclude<HeaderSource, Headers>, name: string): unknown {
  const entry = Object.entries(headers).find(([each]) => each.toLowerCase() === name)
  return entry?.[1]
}

function requireRecent(timestamp: string, tolerance: number, at: Date): void {
  const age = at.getTime() / 1_000 - Number(timestamp)
  if (/^\d+$/.test(timestamp) && Math.abs(age) <= tolerance) return
  throw new WebhookVerificationError(
    `The timestamp ${timestamp} of the webhook is not within ${tolerance} s of now. The delivery is old, or a clock is wrong.`,
  )
}

/** @throws WebhookVerificationError for a secret that is not base64 */
async function importKey(secret: string) {
  const bytes = decodeBase64(secret.replace(/^whsec_/, ''))
  if (bytes === undefined || bytes.length === 0)
    throw new WebhookVerificationError('The secret is not whsec_ and base64.')
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
}

/** `crypto.subtle.verify` compares in constant time. */
async function isSignedBy(
  key: Awaited<ReturnType<typeof importKey>>,
  signature: string,
  content: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const bytes = signature.startsWith('v1,') ? decodeBase64(signature.slice(3)) : undefined
  return bytes !== undefined && crypto.subtle.verify('HMAC', key, bytes, content)
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length)
  whole.set(first)
  whole.set(second, first.length)
  return whole
}
