/** The life of a job, event by event. */
import { z } from 'zod'
import { jobStatusSchema } from './job.js'

/** Why a job that ran went back to the queue. */
export const releaseReasonSchema = z.enum([
  'worker-stopped',
  'worker-died',
  'thread-died',
  'interrupted',
  'database-unavailable',
  'database-full',
])
export type ReleaseReason = z.infer<typeof releaseReasonSchema>

const meanings: Record<ReleaseReason, string> = {
  'worker-stopped': 'its worker process was asked to stop',
  'worker-died': 'its worker process died or was silent for too long',
  'thread-died': 'the training thread died; a third time without progress ends the job',
  interrupted: 'the training thread died of another job that was claimed together with it',
  'database-unavailable': 'the database was away for longer than a worker waits',
  'database-full': 'the database had no room',
}

export const jobEventTypeSchema = z.enum([
  'queued',
  'claimed',
  'checkpointed',
  'released',
  'paused',
  'resumed',
  'ended',
])

const time = z.iso.datetime()

export const jobEventSchema = z.object({
  id: z.string(),
  object: z.literal('event'),
  type: jobEventTypeSchema.describe(
    '`queued` by its creation, `claimed` by a worker, `checkpointed`: what it needs to go on is stored, `released`: back to ' +
      'the queue, `paused`, `resumed`: queued again by a client, `ended`',
  ),
  at: time,
  attempt: z
    .int()
    .nullable()
    .describe('of `claimed` and `released`: number of the claim, raised by each claim and each resumption'),
  workerId: z.string().nullable().describe('of `claimed` and `released`'),
  epoch: z.int().nullable().describe('the newest stored epoch then; null for `claimed`'),
  reason: releaseReasonSchema.nullable().describe(
    `of \`released\`: ${Object.entries(meanings)
      .map(([reason, meaning]) => `\`${reason}\`: ${meaning}`)
      .join('; ')}`,
  ),
  retryAt: time.nullable().describe('of `released`: when it can be claimed again, where that is later'),
  status: jobStatusSchema.nullable().describe('of `ended`: how'),
})
export type JobEvent = z.infer<typeof jobEventSchema>
