import { randomBytes } from 'node:crypto'
import type { CreatedWebhook, WebhookRequest } from '../contract/webhook.js'
import { newId } from './new-id.js'
import type { Once, WebhookStore } from './ports.js'

/** As many random bytes as the Standard Webhooks rules ask for; they sign what is sent. */
const secretBytes = 32

/** Registers an address; its secret is in this answer and in none after it. */
export async function register(
  webhooks: Pick<WebhookStore, 'create'>,
  tenantId: string,
  { url, events }: WebhookRequest,
  once?: Once,
): Promise<CreatedWebhook> {
  const secret = `whsec_${randomBytes(secretBytes).toString('base64')}`
  return webhooks.create({ id: newId('webhook'), tenantId, url, events: [...new Set(events)], secret }, once)
}
