import type { StoredTrace } from '../training/ports/origin.js'

/** A delivery to attempt now. Its trace is that of the job; without ids if that was deleted or there is none. */
export interface DueDelivery extends StoredTrace {
  id: string
  webhookId: string
  event: string
  /** Null for a test event. */
  jobId: string | null
  tenantId: string
  url: string
  /** Each signs the request. Empty if no key of WEBHOOK_KEYS decrypts them. */
  secrets: string[]
  body: string
  /** Including this attempt. */
  attempts: number
  /** Attempts before the last redelivery. */
  attemptsBefore: number
}

export interface DeliveryOutcome {
  /** `interrupted`: the service stopped during the attempt. */
  result: 'delivered' | 'failed' | 'interrupted'
  status: number | null
  error: string | null
  /** Seconds until the next attempt; null after the last. */
  retrySeconds: number | null
}

/** Limits of concurrent attempts: new ones of this process, and those of a tenant and a webhook in all processes. */
export interface AttemptLimits {
  attempts: number
  perTenant: number
  perWebhook: number
}

/** The outbox, as the sender uses it. */
export interface DeliveryStore {
  /** Claims due deliveries, tenants in turn. They become due again after the lease unless `record` is called. */
  claim(limits: AttemptLimits, leaseSeconds: number): Promise<DueDelivery[]>
  /** `disabledTenantId` is the tenant of the webhook if this outcome disables it. */
  record(
    delivery: Pick<DueDelivery, 'id' | 'webhookId' | 'attempts'>,
    outcome: DeliveryOutcome,
  ): Promise<{ disabledTenantId: string | null }>
}
