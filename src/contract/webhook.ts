/** Webhooks: addresses that are told when a job ends, signed after the Standard Webhooks rules (standardwebhooks.com). */
import { z } from 'zod'
import { metricsSchema } from './epoch.js'
import { text } from './text.js'

export const webhookEventSchema = z.enum(['job.succeeded', 'job.failed', 'job.cancelled'])
export type WebhookEvent = z.infer<typeof webhookEventSchema>

export const webhookEventMeanings: Record<z.infer<typeof deliveryEventSchema>, string> = {
  'job.succeeded': 'a job succeeded and has a model',
  'job.failed': 'a job failed; `error` names the cause',
  'job.cancelled': 'a client cancelled a job',
  'webhook.test': 'sent by `POST /webhooks/{id}/test`, in one attempt',
}

/** Sent on request, to test a receiver. */
export const testEvent = 'webhook.test'
export const deliveryEventSchema = z.enum([...webhookEventSchema.options, testEvent])

/** A webhook is disabled that failed for so long without a success in between. */
export const disabledAfterDays = 3

/** A tenant's, at most. */
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
    .describe('`disabled` after days of failures: nothing is sent until POST /webhooks/{id}/enable'),
  failingSince: time.nullable().describe('the first failed attempt since the last that succeeded'),
  disabledAt: time.nullable(),
  disabledReason: z.string().nullable(),
  createdAt: time,
  links: z.object({ self: z.string() }),
})
export type Webhook = z.infer<typeof webhookSchema>

export const createdWebhookSchema = webhookSchema.extend({
  secret: z.string().describe('checks the signatures; shown this once'),
})
export type CreatedWebhook = z.infer<typeof createdWebhookSchema>

/** An answer repeated under an Idempotency-Key holds no secret. */
export const registeredWebhookSchema = createdWebhookSchema.extend({
  secret: createdWebhookSchema.shape.secret.nullable().describe('checks the signatures; shown this once'),
  notice: z.string().optional().describe('why `secret` is null'),
})
export type RegisteredWebhook = z.infer<typeof registeredWebhookSchema>

export const defaultOverlapSeconds = 86_400
const maximumOverlapSeconds = 7 * 86_400

export const rotationRequestSchema = z
  .strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(maximumOverlapSeconds)
      .default(defaultOverlapSeconds)
      .describe('for which earlier secrets sign, too; 0 ends them at once'),
  })
  // A request without a body brings null.
  .nullish()
  .meta({ examples: [{ overlapSeconds: 3_600 }] })
export type RotationRequest = z.infer<typeof rotationRequestSchema>

export const rotatedWebhookSchema = createdWebhookSchema.extend({
  previousSecretExpiresAt: time.nullable().describe('until then it signs, too; null when it ended at once'),
})
export type RotatedWebhook = z.infer<typeof rotatedWebhookSchema>

export const deliverySchema = z.object({
  id: z.string().describe('the header `webhook-id`, the same at every attempt'),
  event: deliveryEventSchema,
  jobId: z.string().nullable().describe('null for a test event'),
  createdAt: time,
  attempts: z.int(),
  deliveredAt: time.nullable().describe('when it was last answered 2xx'),
  nextAttemptAt: time.nullable().describe('null when it was delivered or given up'),
  lastStatus: z.int().nullable().describe('status of the last answer'),
  lastError: z.string().nullable().describe('why the last attempt failed'),
})
export type Delivery = z.infer<typeof deliverySchema>

export const webhookWithDeliveriesSchema = webhookSchema.extend({
  deliveries: z.array(deliverySchema).describe('the newest 20, newest first'),
})
export type WebhookWithDeliveries = z.infer<typeof webhookWithDeliveriesSchema>

/** What is sent. The rest of the job is at `links.job`. */
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
    metrics: metricsSchema.describe('as GET /jobs/{id} shows them'),
    modelId: z.string().nullable(),
    error: z.object({ code: z.string(), message: z.string(), epoch: z.int().nullable() }).nullable(),
    links: z.object({ job: z.string() }),
  }),
})

export const webhookTestBodySchema = z.object({
  type: z.literal(testEvent),
  timestamp: time.describe('when the test was asked for'),
  data: z.object({ webhookId: z.string(), links: z.object({ webhook: z.string() }) }),
})
