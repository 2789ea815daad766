/**
 * How the status of a job changes. Every statement that changes one takes from here: its guard (the statuses that
 * `contract/job-status.ts` allows before it), its new status, the hint, and the rows of the outbox and the history.
 *
 * Triggers of "Job" run in the same transaction. "countJobs" updates the sums of TenantUse and QueueCount, and wakes
 * workers when a job is queued. "countUsage" adds ended jobs to TenantUsage. "checkTransition" refuses a change that the
 * contract does not have.
 */
import { z } from 'zod'
import {
  finishedStatuses,
  type JobStatus,
  jobStatusSchema,
  type Transition,
  transitions,
} from '../contract/job-status.js'
import type { SweepStatus } from '../contract/sweep.js'
import { notifyJob } from './hints.js'
import { eventColumns, type StoredEvent, withEvent } from './job-events.js'
import { finishedColumns, withFinished } from './outbox.js'

/** A condition on a status. */
export function statusIn(statuses: readonly (JobStatus | SweepStatus)[], column = 'status'): string {
  const [first, ...others] = statuses.map((status) => `'${status}'`)
  return others.length === 0 ? `${column} = ${first}` : `${column} IN (${[first, ...others].join(', ')})`
}

/** The condition under which a job may go through all of these transitions. */
export function guard(names: Transition | readonly Transition[], column?: string): string {
  const [first, ...others] = [names].flat().map((name): readonly JobStatus[] => transitions[name].from)
  return statusIn(
    first.filter((status) => others.every((from) => from.includes(status))),
    column,
  )
}

/** Assigns the new status. */
export const enter = (name: Transition): string => `status = '${transitions[name].to}'`

/** Assigns one status or the other. With `other` null, the job keeps its status otherwise. */
export function enterEither(condition: string, name: Transition, other: Transition | null): string {
  const otherwise = other === null ? '"Job".status' : `'${transitions[other].to}'::"JobStatus"`
  return `status = CASE WHEN ${condition} THEN '${transitions[name].to}'::"JobStatus" ELSE ${otherwise} END`
}

/**
 * The condition for storing the progress of a run. A pause takes effect at once, but epochs computed before
 * it are stored.
 */
export const acceptsProgress = (column?: string): string => statusIn(['running', 'paused'], column)

/** What the CTE `changed` must return; `modelId` is an expression. */
export const returned = (modelId = 'NULL'): string =>
  `"Job".id, "Job".status, "Job".epoch, ${modelId}::text AS "modelId", ${eventColumns}, ${finishedColumns}`

/** The rows of a statement that ends with `effects`. */
export const changedRow = z.strictObject({ id: z.string(), status: jobStatusSchema, hint: z.string() })

/** What follows the CTE `changed` of a statement: the rows of outbox and history, then the ids, statuses and hints. */
export function effects(names: Transition | readonly Transition[], event?: StoredEvent): string {
  const finishes = [names].flat().some((name) => finishedStatuses.includes(transitions[name].to))
  return `${finishes ? withFinished : ''} ${event === undefined ? '' : withEvent(event)}
    SELECT id, status, ${notifyJob} FROM changed`
}

interface Change {
  /** Which jobs, besides the guard. */
  where: string
  /** Assignments of other columns. */
  set: string
  /** An entry in the history. */
  event?: StoredEvent
  /** The model of a job that succeeds. */
  modelId?: string
}

/** Columns that a transition resets. */
const reset: Partial<Record<Transition, string>> = { resume: ', "pausedByWorkshop" = false' }

/** A statement that changes the status of the jobs `where`, if the transition is allowed now. It returns those jobs. */
export const transition = (name: Transition, { where, set, event, modelId }: Change): string => `
    WITH changed AS (
      UPDATE "Job" SET ${enter(name)}, ${set}${reset[name] ?? ''} WHERE ${where} AND ${guard(name)}
      RETURNING ${returned(modelId)}
    ) ${effects(name, event)}`
