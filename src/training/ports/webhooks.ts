import type {
  CreatedWebhook,
  Delivery,
  RotatedWebhook,
  TenantWebhook,
  Webhook,
  WebhookEvent,
  WebhookWithDeliveries,
} from '../../contract/webhook.js'
import type { Actor } from './audit.js'
import type { Once } from './idempotency.js'
import type { ListPage, Page } from './pages.js'

/** Encrypts the secrets of webhooks. */
export interface SecretBox {
  seal(secret: string, webhookId: string): string
  /** Null if no key decrypts the text, it was altered, or it belongs to another webhook. */
  open(sealed: string, webhookId: string): string | null
  /** Whether the text was encrypted with the current key. */
  isCurrent(sealed: string): boolean
}

interface NewWebhook {
  id: string
  tenantId: string
  url: string
  events: WebhookEvent[]
  /** `whsec_` followed by base64. */
  secret: string
}

/** The webhooks of all tenants, as operators manage them. Each change is written to the audit log in its transaction. */
export interface WebhookAdministration {
  /** By tenant. @throws Problem `invalid-request` if the cursor is not in the list */
  list(tenantId: string | undefined, page: ListPage): Promise<Page<TenantWebhook>>
  /** @param reason disables it; null enables it. Null if there is no such webhook. */
  disable(id: string, reason: string | null, actor: Actor): Promise<TenantWebhook | null>
}

export interface WebhookStore {
  /** @throws Problem `too-many-webhooks`, `unavailable` without WEBHOOK_KEYS, or `idempotency-key-in-flight` */
  create(webhook: NewWebhook, actor: Actor, once?: Once): Promise<CreatedWebhook>
  list(tenantId: string, page: ListPage): Promise<Page<Webhook>>
  get(tenantId: string, id: string): Promise<WebhookWithDeliveries | null>
  delete(tenantId: string, id: string, actor: Actor): Promise<boolean>
  /** Creates a test delivery, or returns the pending one; null if there is no such webhook. */
  fileTest(tenantId: string, webhookId: string): Promise<Delivery | null>
  /** Makes a delivery due again; null if there is no such webhook, undefined if it has no such delivery. */
  redeliver(tenantId: string, webhookId: string, id: string): Promise<Delivery | null | undefined>
  /** Null if there is no such webhook. @throws Problem `unavailable` without WEBHOOK_KEYS */
  rotate(
    tenantId: string,
    id: string,
    replacement: { secret: string; overlapSeconds: number },
    actor: Actor,
  ): Promise<RotatedWebhook | null>
  /** Null if there is no such webhook. */
  enable(tenantId: string, id: string, actor: Actor): Promise<Webhook | null>
  /** Deletes deliveries older than a week. */
  cleanUp(): Promise<void>
}
