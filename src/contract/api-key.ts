/** Keys as the routes of administration show them. */
import { z } from 'zod'
import { isPredictOnly, keyModelSchema, maximumKeyModels, scopeSchema, tenantIdSchema } from './key.js'
import { problemSchema } from './problems.js'
import { text } from './text.js'

export const maximumKeyBatch = 1_000
export const defaultKeyOverlapSeconds = 86_400
const maximumOverlapSeconds = 7 * 86_400
const maximumNameLength = 100

const time = z.iso.datetime()
const expiry = z.iso.datetime({ offset: true }).nullable().describe('null for a key that does not expire')
const name = text(maximumNameLength).min(1).nullable().describe('for people, such as the use of the key')

export const apiKeySchema = z.object({
  id: z.string(),
  object: z.literal('key'),
  tenantId: z.string(),
  name,
  scopes: z.array(scopeSchema),
  models: z.array(z.string()).describe('the models that it may predict; empty for all'),
  status: z.enum(['live', 'expired', 'revoked']),
  createdAt: time,
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
  replacedBy: z.string().nullable().describe('the key of its rotation; this key ends with the overlap'),
  links: z.object({ self: z.string() }),
})
export type ApiKey = z.infer<typeof apiKeySchema>

export const createdKeySchema = apiKeySchema.extend({
  secret: z
    .string()
    .nullable()
    .describe('the text that clients send as `Authorization: Bearer …`; shown only once'),
  notice: z.string().optional().describe('why `secret` is null'),
})
export type CreatedKey = z.infer<typeof createdKeySchema>

const areDistinct = (items: readonly string[]) => new Set(items).size === items.length

export const keyRequestSchema = z
  .strictObject({
    tenantId: tenantIdSchema.describe('its first key creates the tenant'),
    name: name.default(null),
    scopes: z
      .array(scopeSchema)
      .min(1)
      .refine(areDistinct, 'must not contain a scope twice')
      .describe('a write scope includes its read scope'),
    models: z
      .array(keyModelSchema)
      .max(maximumKeyModels)
      .default([])
      .describe('only with the single scope `models:predict`: the models that the key may predict'),
    expiresAt: expiry.default(null),
  })
  .refine(({ scopes, models }) => models.length === 0 || isPredictOnly(new Set(scopes)), {
    path: ['models'],
    message: 'must be empty unless the only scope is models:predict',
  })
  .meta({
    examples: [
      { tenantId: 'blue', name: 'training', scopes: ['jobs:write', 'models:write'], expiresAt: null },
    ],
  })
export type KeyRequest = z.infer<typeof keyRequestSchema>

export const keyBatchRequestSchema = z
  .strictObject({
    keys: z
      .array(
        z.unknown().meta({
          type: 'object',
          additionalProperties: true,
          description: 'a body of `POST /admin/keys`',
        }),
      )
      .min(1)
      .max(maximumKeyBatch),
  })
  .meta({
    examples: [
      {
        keys: [
          { tenantId: 'class-1', scopes: ['jobs:write', 'models:write', 'datasets:write'] },
          { tenantId: 'class-2', scopes: ['jobs:write', 'models:write', 'datasets:write'] },
        ],
      },
    ],
  })

export const keyBatchSchema = z.object({
  object: z.literal('keyBatch'),
  created: z.int(),
  refused: z.int(),
  results: z
    .array(z.object({ key: createdKeySchema.nullable(), problem: problemSchema.nullable() }))
    .describe('in the order of the request'),
})
export type KeyBatch = z.infer<typeof keyBatchSchema>

export const keyChangeSchema = z
  .strictObject({ name: name.optional(), expiresAt: expiry.optional() })
  .refine((change) => Object.keys(change).length > 0, 'must have name or expiresAt')
  .meta({ examples: [{ name: 'training on Mondays' }] })
export type KeyChange = z.infer<typeof keyChangeSchema>

export const keyRotationFields = z
  .strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(maximumOverlapSeconds)
      .default(defaultKeyOverlapSeconds)
      .describe('seconds for which the old key stays valid; 0 ends it at once'),
  })
  .meta({ examples: [{ overlapSeconds: 3_600 }] })
// A request without a body is validated as null.
export const keyRotationSchema = keyRotationFields.nullish()

export const rotatedKeySchema = createdKeySchema.extend({
  secret: z.string().describe('the text that clients send as `Authorization: Bearer …`; shown only once'),
  previous: apiKeySchema.describe('the key that it replaces'),
})
export type RotatedKey = z.infer<typeof rotatedKeySchema>
