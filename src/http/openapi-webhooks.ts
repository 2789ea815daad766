/** The requests to webhooks, for the OpenAPI document. */
import type { z } from 'zod'
import { webhookBodySchema, webhookTestBodySchema } from '../contract/webhook.js'
import type { SchemaComponents } from './schema-components.js'

const header = (name: string, description: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' as const },
})

export function describeWebhooks(components: SchemaComponents) {
  const operation = (operationId: string, summary: string, body: z.ZodType) => ({
    post: {
      operationId,
      tags: ['webhooks'],
      summary,
      description: 'Sent to the address of a webhook, signed as Standard Webhooks specifies.',
      security: [],
      parameters: [
        header('webhook-id', 'id of the delivery, the same for every attempt'),
        header('webhook-timestamp', 'time of this attempt, in seconds since 1970'),
        header(
          'webhook-signature',
          '`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; one for each valid secret, separated by a space',
        ),
      ],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: components.convert(body, 'output') } },
      },
      responses: { '2XX': { description: 'accepted' }, default: { description: 'sent again later' } },
    },
  })
  return {
    jobEnded: operation('jobEnded', 'A job ended', webhookBodySchema),
    webhookTest: operation('webhookTest', 'A test was requested', webhookTestBodySchema),
  }
}
