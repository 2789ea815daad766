import { randomBytes } from 'node:crypto'
import {
  type CreatedWebhook,
  defaultOverlapSeconds,
  type RotatedWebhook,
  type RotationRequest,
  type WebhookRequest,
} from '../contract/webhook.js'
import { newId } from './new-id.js'
import type { Once } from './ports/idempotency.js'
import type { WebhookStore } from './ports/webhooks.js'

/** As many random bytes as the Standard Webhooks rules ask for; they sign what is sent. */
const secretBytes = 32

/** Registers an address; its secret is in this answer and in none after it. */
export async function register(
  webhooks: Pick<WebhookStore, 'create'>,
  tenantId: string,
  { url, events }: WebhookRequest,
  once?: Once,
): Promise<CreatedWebhook> {
  const webhook = { id: newId('webhook'), tenantId, url, events: [...new Set(events)] }
  return webhooks.create({ ...webhook, secret: newSecret() }, once)
}

/** Gives the webhook another secret; earlier ones sign, too, until the overlap is over. */
export async function rotateSecret(
  webhooks: Pick<WebhookStore, 'rotate'>,
  tenantId: string,
  id: string,
  rotation: RotationRequest,
): Promise<RotatedWebhook | null> {
  const overlapSeconds = rotation?.overlapSeconds ?? defaultOverlapSeconds
  return webhooks.rotate(tenantId, id, { secret: newSecret(), overlapSeconds })
}

const newSecret = () => `whsec_${randomBytes(secretBytes).toString('base64')}`
