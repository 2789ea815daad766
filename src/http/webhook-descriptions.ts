/** What webhooks are sent, for the OpenAPI document. */
import { z } from 'zod'
import { webhookBodySchema, webhookTestBodySchema } from '../contract/webhook.js'

const header = (name: string, description: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' as const },
})

const described = (operationId: string, summary: string, body: z.ZodType) => {
  const { $schema, ...schema } = z.toJSONSchema(body)
  return {
    post: {
      operationId,
      tags: ['webhooks'],
      summary,
      description: 'Sent to the address of a webhook, signed after the Standard Webhooks rules.',
      security: [],
      parameters: [
        header('webhook-id', 'of this delivery, the same at every attempt'),
        header('webhook-timestamp', 'when this attempt was made, in seconds since 1970'),
        header(
          'webhook-signature',
          '`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; one for each valid secret, separated by a space',
        ),
      ],
      requestBody: { required: true, content: { 'application/json': { schema } } },
      responses: { '2XX': { description: 'taken' }, default: { description: 'to be sent again' } },
    },
  }
}

/** The document with the webhooks added. */
export function withWebhooks(document: object) {
  const webhooks = {
    jobEnded: described('jobEnded', 'A job ended', webhookBodySchema),
    webhookTest: described('webhookTest', 'A test was asked for', webhookTestBodySchema),
  }
  return { ...document, webhooks }
}
