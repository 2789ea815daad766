/** A delivery to attempt now. */
export interface DueDelivery {
  id: string
  webhookId: string
  event: string
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
