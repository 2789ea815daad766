/** The limits of a tenant. The settings apply unless the row of the tenant overrides them. */
import { z } from 'zod'
import { maximumEpochs } from './network.js'

const count = z.int().min(1)

export const limitsSchema = z.object({
  requestsPerMinute: count.describe('Requests per minute and API process.'),
  sockets: count.describe('Open streams per API process.'),
  queuedJobs: count.describe('Jobs that are queued or paused.'),
  runningJobs: count.max(2 ** 31 - 1).describe('Jobs that run at a time. Further jobs stay queued.'),
  // A training's memory is addressed by 32 bits.
  arenaBytes: count.max(4 * 1024 ** 3).describe('Memory of one training in bytes, without its data.'),
  jobFlops: z.number().positive().describe('Floating-point operations of one training.'),
  epochs: count.max(maximumEpochs).describe('Epochs of one training.'),
  datasetBytes: count.describe('Size of one upload in bytes, as sent.'),
  storedBytes: count.describe(
    'Stored bytes of datasets, models, specs, epochs (32 bytes each), snapshots, checkpoints and job events ' +
      '(100 bytes each). Names, notes, tags and metadata count, with 100 bytes more for each tag and pair. So do ' +
      'deliveries, answers under an Idempotency-Key (packed, with 300 bytes more each), and what unfinished jobs will ' +
      'store.',
  ),
  jobDays: count
    .max(36_500)
    .describe('Days after which a finished job is deleted with its epochs. Its model is kept.'),
})
export type Limits = z.infer<typeof limitsSchema>
export type LimitName = keyof Limits

const limitNameSchema = limitsSchema.keyof()
export const limitNames = limitNameSchema.options

/** The environment variable of each limit. */
export const limitSettings = {
  requestsPerMinute: 'MAXIMUM_REQUESTS_PER_MINUTE',
  sockets: 'MAXIMUM_SOCKETS',
  queuedJobs: 'MAXIMUM_QUEUED_JOBS',
  runningJobs: 'MAXIMUM_RUNNING_JOBS',
  arenaBytes: 'MAXIMUM_ARENA_BYTES',
  jobFlops: 'MAXIMUM_JOB_FLOPS',
  epochs: 'MAXIMUM_EPOCHS',
  datasetBytes: 'MAXIMUM_DATASET_BYTES',
  storedBytes: 'MAXIMUM_STORED_BYTES',
  jobDays: 'MAXIMUM_JOB_DAYS',
} as const satisfies Record<LimitName, string>

export const ownLimitsSchema = limitsSchema.partial()
export type OwnLimits = z.infer<typeof ownLimitsSchema>

/** Null resets a limit to its setting. */
export type LimitChanges = { [name in LimitName]?: number | null }

export interface TenantLimits {
  settings: Limits
  own: OwnLimits
}

export function effectiveLimit({ settings, own }: TenantLimits, name: LimitName): number {
  return own[name] ?? settings[name]
}

/** The limit in an error: "the limit is 10 (MAXIMUM_QUEUED_JOBS)". */
export function describeLimit(
  limits: TenantLimits,
  name: LimitName,
  format: (value: number) => string = String,
): string {
  const value = effectiveLimit(limits, name)
  const isOwn = limits.own[name] !== undefined
  const source = `${isOwn ? 'this tenant’s own limit in place of ' : ''}${limitSettings[name]}`
  return `the limit is ${format(value)} (${source})`
}

/** The current use of the limits that the database can count. */
export type Use = Pick<Limits, 'queuedJobs' | 'runningJobs' | 'storedBytes'>

export const limitsStatusSchema = z.object({
  object: z.literal('limits'),
  tenantId: z.string(),
  limits: z.record(
    limitNameSchema,
    z.object({
      allowed: z.number(),
      used: z.number().nullable().describe('current use; null for a limit on each job or upload'),
      own: z.boolean().describe('whether the limit of this tenant overrides the setting'),
      setting: z.string().describe('environment variable of the service'),
      meaning: z.string(),
    }),
  ),
})
type LimitsStatus = z.infer<typeof limitsStatusSchema>

export function limitsStatus(
  tenantId: string,
  limits: TenantLimits,
  used: Partial<Record<LimitName, number>>,
): LimitsStatus {
  const entries = limitNames.map((name) => [
    name,
    {
      allowed: effectiveLimit(limits, name),
      used: used[name] ?? null,
      own: limits.own[name] !== undefined,
      setting: limitSettings[name],
      meaning: limitsSchema.shape[name].description,
    },
  ])
  return limitsStatusSchema.parse({ object: 'limits', tenantId, limits: Object.fromEntries(entries) })
}
