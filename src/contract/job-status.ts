/**
 * A job and its life:
 *
 *              ┌─ worker died or was stopped ─┐
 *              ▼                              │
 *   ──────► queued ───────────────────────► running ──► succeeded
 *            ▲  │                             │
 *     resume │  │ pause                 pause │
 *            │  ▼                             │
 *           paused ◄──────────────────────────┘
 *
 *   queued, running, paused ──► cancelled        running ──► failed
 */
import { z } from 'zod'

export const jobStatusSchema = z.enum(['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'])
export type JobStatus = z.infer<typeof jobStatusSchema>

/**
 * Every way in which the status of a job changes. `store/transitions.ts` makes the SQL of each, and a trigger of the
 * database refuses all other changes.
 */
export const transitions = {
  claim: { from: ['queued'], to: 'running' },
  release: { from: ['running'], to: 'queued' },
  pause: { from: ['queued', 'running'], to: 'paused' },
  resume: { from: ['paused'], to: 'queued' },
  succeed: { from: ['running'], to: 'succeeded' },
  fail: { from: ['running'], to: 'failed' },
  cancel: { from: ['queued', 'running', 'paused'], to: 'cancelled' },
} as const satisfies Record<string, { from: readonly JobStatus[]; to: JobStatus }>
export type Transition = keyof typeof transitions

/** The status of a new job. */
export const initialStatus = 'queued' satisfies JobStatus

const changes: readonly { from: readonly JobStatus[]; to: JobStatus }[] = Object.values(transitions)

/** Whether the training of a job with this status is over. */
const finished: Record<JobStatus, boolean> = {
  queued: false,
  running: false,
  paused: false,
  succeeded: true,
  failed: true,
  cancelled: true,
}

export const isFinished = (status: JobStatus): boolean => finished[status]

export const finishedStatuses = jobStatusSchema.options.filter(isFinished)
export const unfinishedStatuses = jobStatusSchema.options.filter((status) => !isFinished(status))

/** The statuses from which a job may change to `to`. */
export function previousStatuses(to: JobStatus): JobStatus[] {
  return jobStatusSchema.options.filter((status) =>
    changes.some((change) => change.to === to && change.from.includes(status)),
  )
}
