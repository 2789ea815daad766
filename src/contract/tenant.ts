/** Tenants as the routes of administration show them. */
import { z } from 'zod'
import {
  effectiveLimit,
  type LimitName,
  limitNames,
  limitsSchema,
  ownLimitsSchema,
  type TenantLimits,
} from './limits.js'
import { text } from './text.js'

const time = z.iso.datetime()

export const tenantSchema = z.object({
  id: z.string(),
  object: z.literal('tenant'),
  status: z
    .enum(['active', 'suspended', 'deleting'])
    .describe('deleting: its data is being deleted; afterwards, the tenant no longer exists'),
  createdAt: time,
  deletionRequestedAt: time.nullable(),
  suspendedAt: time.nullable().describe('while it is set, keys of the tenant are refused and its jobs wait'),
  suspendedReason: z.string().nullable(),
  limits: limitsSchema.describe('the limits that apply: own limits, and the settings for the others'),
  ownLimits: ownLimitsSchema.describe('limits that override the settings'),
  use: z.object({
    queuedJobs: z.number().describe('queued or paused'),
    runningJobs: z.number(),
    storedBytes: z.number(),
  }),
  liveKeys: z.int(),
  lastJobAt: time.nullable().describe('when the most recent job was submitted'),
  links: z.object({ self: z.string(), keys: z.string() }),
})
type TenantStatus = z.infer<typeof tenantSchema>

/** The part of a tenant that the database has. */
export interface StoredTenant
  extends Pick<TenantStatus, 'id' | 'suspendedReason' | 'ownLimits' | 'use' | 'liveKeys'> {
  createdAt: Date
  suspendedAt: Date | null
  deletionRequestedAt: Date | null
  lastJobAt: Date | null
}

export function tenantStatus(tenant: StoredTenant, settings: TenantLimits['settings']): TenantStatus {
  const { id, ownLimits, createdAt, suspendedAt, deletionRequestedAt, lastJobAt, ...rest } = tenant
  const limits = { settings, own: ownLimits }
  return {
    ...rest,
    id,
    object: 'tenant',
    status: deletionRequestedAt !== null ? 'deleting' : suspendedAt !== null ? 'suspended' : 'active',
    deletionRequestedAt: deletionRequestedAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
    suspendedAt: suspendedAt?.toISOString() ?? null,
    limits: limitsSchema.parse(
      Object.fromEntries(limitNames.map((name) => [name, effectiveLimit(limits, name)])),
    ),
    ownLimits,
    lastJobAt: lastJobAt?.toISOString() ?? null,
    links: { self: `/admin/tenants/${id}`, keys: `/admin/keys?tenant=${id}` },
  }
}

const { shape } = limitsSchema
const limitChange = z.strictObject({
  requestsPerMinute: shape.requestsPerMinute.nullable().optional(),
  sockets: shape.sockets.nullable().optional(),
  queuedJobs: shape.queuedJobs.nullable().optional(),
  runningJobs: shape.runningJobs.nullable().optional(),
  arenaBytes: shape.arenaBytes.nullable().optional(),
  jobFlops: shape.jobFlops.nullable().optional(),
  epochs: shape.epochs.nullable().optional(),
  datasetBytes: shape.datasetBytes.nullable().optional(),
  storedBytes: shape.storedBytes.nullable().optional(),
  jobDays: shape.jobDays.nullable().optional(),
} satisfies Record<LimitName, z.ZodType>)

export const limitChangesSchema = limitChange
  .refine((changes) => Object.keys(changes).length > 0, 'must have at least one limit')
  .meta({ description: 'null resets a limit to its setting', examples: [{ queuedJobs: 100, jobDays: null }] })

export const tenantRequestFields = z
  .strictObject({ limits: limitChange.optional().describe('own limits; others follow the settings') })
  .meta({ examples: [{ limits: { queuedJobs: 100 } }] })
// A request without a body is validated as null.
export const tenantRequestSchema = tenantRequestFields.nullish()

export const suspensionSchema = z
  .strictObject({
    reason: text(500).min(1).describe('the tenant sees it with every refused request'),
  })
  .meta({ examples: [{ reason: 'The invoice of May is open.' }] })
