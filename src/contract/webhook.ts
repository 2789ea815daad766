/** Webhooks: URLs that receive an event when a job ends, signed according to standardwebhooks.com. */
import { z } from 'zod'
import { metricsSchema } from './epoch.js'
import { text } from './text.js'

export const webhookEventSchema = z.enum(['job.succeeded', 'job.failed', 'job.cancelled'])
export type WebhookEvent = z.infer<typeof webhookEventSchema>

export const webhookEventMeanings: Record<z.infer<typeof deliveryEventSchema>, string> = {
  'job.succeeded': 'a job succeeded and has a model',
  'job.failed': 'a job failed, and `error` names the cause',
  'job.cancelled': 'a client cancelled a job',
  'webhook.test': 'sent by `POST /webhooks/{id}/test`, in one attempt',
}

/** Sent on request, to test a receiver. */
export const testEvent = 'webhook.test'
export const deliveryEventSchema = z.enum([...webhookEventSchema.options, testEvent])

/** A webhook is disabled when its deliveries fail for this long. */
export const disabledAfterDays = 3

/** The most webhooks of a tenant. */
export const maximumWebhooks = 20

export const webhookRequestSchema = z
  .strictObject({
    url: text(2_000)
      .refine(isWebAddress, 'must be an http:// or https:// address without user and password')
      .describe('address of the receiver'),
    events: z
      .array(webhookEventSchema)
      .min(1)
      .max(webhookEventSchema.options.length)
      .default([...webhookEventSchema.options])
      .describe('events to deliver'),
  })
  .meta({ examples: [{ url: 'https://example.com/hooks/descent', events: ['job.succeeded', 'job.failed'] }] })
export type WebhookRequest = z.infer<typeof webhookRequestSchema>

function isWebAddress(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password } = new URL(value)
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === ''
}

const time = z.iso.datetime()

export const webhookSchema = z.object({
  id: z.string(),
  object: z.literal('webhook'),
  url: z.string(),
  events: z.array(webhookEventSchema),
  status: z
    .enum(['active', 'disabled'])
    .describe('`disabled` after days of failures; sends nothing until POST /webhooks/{id}/enable'),
  failingSince: time.nullable().describe('first failed attempt since the last success'),
  disabledAt: time.nullable(),
  disabledReason: z.string().nullable(),
  createdAt: time,
  links: z.object({ self: z.string() }),
})
export type Webhook = z.infer<typeof webhookSchema>

/** A webhook as operators see it: without the path of its address, which may have a secret. */
export const tenantWebhookSchema = webhookSchema.omit({ object: true, url: true, links: true }).extend({
  object: z.literal('tenantWebhook'),
  tenantId: z.string(),
  host: z.string().describe('host of the address; its path may be secret'),
})
export type TenantWebhook = z.infer<typeof tenantWebhookSchema>

export const webhookDisablingSchema = z
  .strictObject({ reason: text(500).min(1).describe('the tenant sees it as `disabledReason`') })
  .meta({ examples: [{ reason: 'The receiver answers too slowly.' }] })

export const createdWebhookSchema = webhookSchema.extend({
  secret: z.string().describe('verifies the signatures; shown only once'),
})
export type CreatedWebhook = z.infer<typeof createdWebhookSchema>

/** The answer to a registration. If repeated under an Idempotency-Key, it has no secret. */
export const registeredWebhookSchema = createdWebhookSchema.extend({
  secret: createdWebhookSchema.shape.secret.nullable().describe('verifies the signatures; shown only once'),
  notice: z.string().optional().describe('why `secret` is null'),
})
export type RegisteredWebhook = z.infer<typeof registeredWebhookSchema>

export const defaultOverlapSeconds = 86_400
const maximumOverlapSeconds = 7 * 86_400

export const rotationFields = z
  .strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(maximumOverlapSeconds)
      .default(defaultOverlapSeconds)
      .describe('seconds for which previous secrets also sign; 0 expires them at once'),
  })
  .meta({ examples: [{ overlapSeconds: 3_600 }] })
// A request without a body is validated as null.
export const rotationRequestSchema = rotationFields.nullish()
export type RotationRequest = z.infer<typeof rotationRequestSchema>

export const rotatedWebhookSchema = createdWebhookSchema.extend({
  previousSecretExpiresAt: time
    .nullable()
    .describe('when the previous secret stops signing; null if it stopped at once'),
})
export type RotatedWebhook = z.infer<typeof rotatedWebhookSchema>

export const deliverySchema = z.object({
  id: z.string().describe('the header `webhook-id`, equal for all attempts'),
  event: deliveryEventSchema,
  jobId: z.string().nullable().describe('null for a test event'),
  createdAt: time,
  attempts: z.int(),
  deliveredAt: time.nullable().describe('time of the last 2xx answer'),
  nextAttemptAt: time.nullable().describe('null when delivered or abandoned'),
  lastStatus: z.int().nullable().describe('HTTP status of the last answer'),
  lastError: z.string().nullable().describe('error of the last attempt'),
})
export type Delivery = z.infer<typeof deliverySchema>

export const webhookWithDeliveriesSchema = webhookSchema.extend({
  deliveries: z.array(deliverySchema).describe('the 20 most recent, newest first'),
})
export type WebhookWithDeliveries = z.infer<typeof webhookWithDeliveriesSchema>

/** The body of an event. `links.job` has the complete job. */
export const webhookBodySchema = z.object({
  type: webhookEventSchema,
  timestamp: time.describe('when the job ended'),
  data: z.object({
    jobId: z.string(),
    name: z.string().nullable(),
    status: z.enum(['succeeded', 'failed', 'cancelled']),
    epoch: z.int(),
    epochs: z.int(),
    bestEpoch: z.int().nullable(),
    metrics: metricsSchema.describe('same as in GET /jobs/{id}'),
    modelId: z.string().nullable(),
    error: z.object({ code: z.string(), message: z.string(), epoch: z.int().nullable() }).nullable(),
    links: z.object({ job: z.string() }),
  }),
})
export type WebhookBody = z.infer<typeof webhookBodySchema>

export const webhookTestBodySchema = z.object({
  type: z.literal(testEvent),
  timestamp: time.describe('time of the test request'),
  data: z.object({ webhookId: z.string(), links: z.object({ webhook: z.string() }) }),
})
export type WebhookTestBody = z.infer<typeof webhookTestBodySchema>
