/** The history of a job as events. */
import { z } from 'zod'
import { jobStatusSchema } from './job-status.js'

/** Why a running job went back to the queue. */
export const releaseReasonSchema = z.enum([
  'worker-stopped',
  'worker-died',
  'thread-died',
  'interrupted',
  'preempted',
  'database-unavailable',
  'database-full',
])
export type ReleaseReason = z.infer<typeof releaseReasonSchema>

export const releaseMeanings: Record<ReleaseReason, string> = {
  'worker-stopped': 'the worker process was stopped',
  'worker-died': 'the worker process died or sent no heartbeat',
  'thread-died': 'the training thread died. If it dies three times without progress, the job fails',
  interrupted: 'the training thread died because of another job of the same claim',
  preempted:
    'a job of another tenant, which held fewer threads, waited, or the job held the spare thread for a second. The training continues later',
  'database-unavailable': 'the database was unavailable for longer than a worker waits',
  'database-full': 'the database had no free space',
}

export const jobEventTypeSchema = z.enum([
  'queued',
  'claimed',
  'checkpointed',
  'released',
  'paused',
  'resumed',
  'changed',
  'ended',
  'thinned',
])

export const jobEventMeanings: Record<z.infer<typeof jobEventTypeSchema>, string> = {
  queued: 'the job was created',
  claimed: 'a worker claimed the job: `workerId`, `attempt`',
  checkpointed: 'a checkpoint was stored. The two most recent are shown, and those that stay for forks',
  released: 'the job went back to the queue: `reason`, and `retryAt` if it waits before the next claim',
  paused: 'a client paused the job',
  resumed: 'a client queued the job again',
  changed: 'a client changed the learning rate or the epochs. A running job was then claimed again',
  ended: 'the job finished: `status`',
  thinned: 'epochs of the finished job were deleted. Its `epochsKept` says how many are left',
}

const listed = (meanings: Record<string, string>) =>
  Object.entries(meanings)
    .map(([name, meaning]) => `\`${name}\`: ${meaning}`)
    .join('. ')

const time = z.iso.datetime()

export const jobEventSchema = z.object({
  id: z.string(),
  object: z.literal('event'),
  type: jobEventTypeSchema.describe(listed(jobEventMeanings)),
  at: time,
  attempt: z
    .int()
    .nullable()
    .describe('of `claimed` and `released`: number of the claim; each claim and each resumption raises it'),
  workerId: z.string().nullable().describe('of `claimed` and `released`'),
  epoch: z.int().nullable().describe('the last epoch stored at that time; null for `claimed`'),
  reason: releaseReasonSchema.nullable().describe(`of \`released\`. ${listed(releaseMeanings)}`),
  retryAt: time.nullable().describe('of `released`: when the job can be claimed again, if later than `at`'),
  status: jobStatusSchema.nullable().describe('of `ended`: the final status'),
})
export type JobEvent = z.infer<typeof jobEventSchema>
