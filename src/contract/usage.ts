/** What tenants used, by the day on which their jobs ended. */
import { z } from 'zod'

/** The maximum length of a query. */
export const maximumUsageDays = 400

const firstDay = '2000-01-01'

/** A date in UTC. */
export const usageDaySchema = z.iso
  .date()
  .refine((day) => day >= firstDay, `must be ${firstDay} or later`)
  .meta({ examples: ['2026-11-01'] })

const count = z.int()

export const usageSchema = z.object({
  object: z.literal('usage'),
  tenantId: z.string(),
  day: z.iso.date().nullable().describe('in UTC; null with `totals`, for the sum of all days'),
  jobs: z
    .object({ succeeded: count, failed: count, cancelled: count })
    .describe('jobs that ended on this day, also if they were deleted since'),
  threadSeconds: z.number().describe('training time of these jobs, times their threads'),
  epochs: count.describe('epochs that these jobs trained, without those that they copied from other jobs'),
})
export type Usage = z.infer<typeof usageSchema>

/** Both days are included. */
export interface UsageDays {
  from: string
  to: string
}
