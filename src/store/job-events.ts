/**
 * The history of a job, from its row, its checkpoints, and rows for all other events. A job that is claimed
 * once and succeeds has no such rows, so its end costs nothing more.
 */

import { type JobEvent, jobEventTypeSchema, releaseReasonSchema } from '../contract/job-event.js'
import { isFinished, transitions } from '../contract/job-status.js'
import type { ListPage, Page } from '../training/ports/pages.js'
import type { Database, Prisma } from './database.js'
import { indexAfterCursor, toPage } from './pages.js'

/** The maximum number of rows per job. */
const maximumRows = 100

/** What `changed` must return for `withEvent`, besides id, status and epoch. */
export const eventColumns = 'attempt, "workerId", "claimedAt"'

/** An entry in the history of the jobs that a statement changed; `reason` and `retryMilliseconds` are expressions. */
export type StoredEvent =
  | { type: 'released'; reason: string; retryMilliseconds?: string }
  | { type: 'paused' }
  | { type: 'resumed' }

const transitionNames = { released: 'release', paused: 'pause', resumed: 'resume' } as const

/** CTEs after the CTE `changed`. */
export function withEvent(event: StoredEvent): string {
  const { reason, retryMilliseconds } = { reason: 'NULL', retryMilliseconds: undefined, ...event }
  // A job that is released later is still running.
  const status = retryMilliseconds === undefined ? transitions[transitionNames[event.type]].to : 'running'
  return `, event AS (
      INSERT INTO "JobEvent" ("jobId", type, reason, attempt, "workerId", "claimedAt", epoch, "retryAt")
      SELECT id, '${event.type}', ${reason}::text, attempt, "workerId", "claimedAt", epoch,
        now() + ${retryMilliseconds ?? 'NULL'}::int * interval '1 millisecond'
      FROM changed WHERE status = '${status}'
    ), trimmed AS (
      DELETE FROM "JobEvent" USING changed WHERE "JobEvent"."jobId" = changed.id AND "JobEvent".id <= (
        SELECT older.id FROM "JobEvent" AS older WHERE older."jobId" = changed.id
        ORDER BY older.id DESC OFFSET ${maximumRows - 1} LIMIT 1
      )
    )`
}

/** Oldest first; null when the tenant has no such job. */
export async function listEvents(
  database: Database,
  where: { id: string; tenantId: string },
  { after, limit }: ListPage,
): Promise<Page<JobEvent> | null> {
  const row = await database.job.findUnique({ where, select: columns })
  if (row === null) return null
  const events = toEvents(row).map((event) => ({ ...event, createdAt: event.at }))
  const rest = after === undefined ? events : events.slice(indexAfterCursor(after, events))
  return toPage(rest.slice(0, limit + 1), { limit }, ({ createdAt, ...event }) => event)
}

const columns = {
  status: true,
  epoch: true,
  attempt: true,
  workerId: true,
  createdAt: true,
  startedAt: true,
  claimedAt: true,
  finishedAt: true,
  thinnedAt: true,
  events: { orderBy: { id: 'asc' } },
  checkpoints: { orderBy: { sequence: 'asc' }, select: { sequence: true, epoch: true, createdAt: true } },
} satisfies Prisma.JobSelect
type Row = Prisma.JobGetPayload<{ select: typeof columns }>

function toEvents(row: Row): JobEvent[] {
  const events = [makeEvent('queued', 'queued', row.createdAt, { epoch: 0 })]
  let claimed: number | undefined
  /** Any later event has the time and worker of the claim. */
  function addClaim({ claimedAt, workerId, attempt }: Pick<Row, 'claimedAt' | 'workerId' | 'attempt'>): void {
    if (claimedAt === null || claimedAt.getTime() === claimed) return
    claimed = claimedAt.getTime()
    events.push(makeEvent('claimed', `claimed_${claimed.toString(36)}`, claimedAt, { workerId, attempt }))
  }
  for (const stored of row.events) {
    const { id, type, attempt, workerId, epoch, createdAt, retryAt } = stored
    addClaim(stored)
    const ofRun =
      type === 'released' ? { attempt, workerId, reason: releaseReasonSchema.parse(stored.reason) } : {}
    const details = { epoch, retryAt: retryAt?.toISOString() ?? null, ...ofRun }
    events.push(makeEvent(jobEventTypeSchema.parse(type), id.toString(36), createdAt, details))
  }
  // Jobs of earlier releases have no time of the claim, but that of their start.
  addClaim({ ...row, claimedAt: row.claimedAt ?? (row.events.length === 0 ? row.startedAt : null) })
  for (const { sequence, epoch, createdAt } of row.checkpoints) {
    events.push(makeEvent('checkpointed', `checkpoint_${sequence}`, createdAt, { epoch }))
  }
  events.sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
  if (row.finishedAt !== null && isFinished(row.status)) {
    events.push(makeEvent('ended', 'ended', row.finishedAt, { epoch: row.epoch, status: row.status }))
  }
  if (row.thinnedAt !== null)
    events.push(makeEvent('thinned', 'thinned', row.thinnedAt, { epoch: row.epoch }))
  return events
}

function makeEvent(type: JobEvent['type'], id: string, at: Date, details: Partial<JobEvent>): JobEvent {
  const none = { attempt: null, workerId: null, epoch: null, reason: null, retryAt: null, status: null }
  return { id: `evt_${id}`, object: 'event', type, at: at.toISOString(), ...none, ...details }
}
