import { randomBytes } from 'node:crypto'
import {
  type CreatedWebhook,
  defaultOverlapSeconds,
  type RotatedWebhook,
  type RotationRequest,
  type WebhookRequest,
} from '../contract/webhook.js'
import { newId } from './new-id.js'
import type { Actor } from './ports/audit.js'
import type { Once } from './ports/idempotency.js'
import type { WebhookStore } from './ports/webhooks.js'

/** Random bytes of a secret, as Standard Webhooks recommends. */
const secretBytes = 32

/** Registers an address. Only this answer contains its secret. */
export async function register(
  webhooks: Pick<WebhookStore, 'create'>,
  tenantId: string,
  { url, events }: WebhookRequest,
  actor: Actor,
  once?: Once,
): Promise<CreatedWebhook> {
  const webhook = { id: newId('webhook'), tenantId, url, events: [...new Set(events)] }
  return webhooks.create({ ...webhook, secret: newSecret() }, actor, once)
}

/** Replaces the secret of a webhook. Earlier secrets keep signing until the overlap ends. */
export async function rotateSecret(
  webhooks: Pick<WebhookStore, 'rotate'>,
  tenantId: string,
  id: string,
  rotation: RotationRequest,
  actor: Actor,
): Promise<RotatedWebhook | null> {
  const overlapSeconds = rotation?.overlapSeconds ?? defaultOverlapSeconds
  return webhooks.rotate(tenantId, id, { secret: newSecret(), overlapSeconds }, actor)
}

const newSecret = () => `whsec_${randomBytes(secretBytes).toString('base64')}`
