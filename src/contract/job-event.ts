/** The history of a job as events. */
import { z } from 'zod'
import { jobStatusSchema } from './job.js'

/** Why a running job returned to the queue. */
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
  'worker-stopped': 'the worker process was stopped',
  'worker-died': 'the worker process died or sent no heartbeat in time',
  'thread-died': 'the training thread died (the third time without progress fails the job)',
  interrupted: 'another job of the same batch claim crashed the training thread',
  'database-unavailable': 'the database was unreachable for longer than a worker waits',
  'database-full': 'the disk of the database was full',
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
    '`queued`: created, `claimed`: started by a worker, `checkpointed`: a checkpoint was stored, `released`: returned ' +
      'to the queue, `paused`, `resumed`: queued again by a client, `ended`',
  ),
  at: time,
  attempt: z
    .int()
    .nullable()
    .describe(
      'number of the claim, which each claim and each resumption raises; only `claimed` and `released`',
    ),
  workerId: z.string().nullable().describe('only `claimed` and `released`'),
  epoch: z.int().nullable().describe('the last stored epoch at that time; null for `claimed`'),
  reason: releaseReasonSchema.nullable().describe(
    `only \`released\`. ${Object.entries(meanings)
      .map(([reason, meaning]) => `\`${reason}\`: ${meaning}`)
      .join(', ')}`,
  ),
  retryAt: time.nullable().describe('only `released`: earliest time of the next claim, null for at once'),
  status: jobStatusSchema.nullable().describe('only `ended`: the final status'),
})
export type JobEvent = z.infer<typeof jobEventSchema>
