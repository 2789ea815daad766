/** Creates the trials of running sweeps, and ends sweeps. */
import { z } from 'zod'
import { transitions, unfinishedStatuses } from '../contract/job-status.js'
import type { Limits } from '../contract/limits.js'
import { Problem, type ProblemCode } from '../contract/problems.js'
import { sweepLimits, sweepTransitions } from '../contract/sweep.js'
import type { AllSweeps, Decision, DueSweep, PlannedTrials, RefusedTrial } from '../training/ports/sweeps.js'
import { inSlices } from '../training/slices.js'
import { trialOf } from '../training/sweeps/trials.js'
import { compressSpecs, createJobs, type JobOfTenant } from './create-jobs.js'
import type { Database, Prisma } from './database.js'
import { idRow, noRow, query, send, statement, transaction } from './statements.js'
import { pointsStatement, storePoints } from './sweep-points.js'
import { jobScore, unpackDefinition } from './sweep-rows.js'
import { changedRow, statusIn, transition } from './transitions.js'

/** Of a sweep. */
const isRunning = statusIn(['running'])

const unfinishedTrials = `(SELECT count(*) FROM "Job" WHERE "sweepId" = sweep.id AND ${statusIn(unfinishedStatuses)})`

/** A sweep is due when half of its room is free, so that trials are created in batches. */
const selectDue = (columns: string, condition: string) => `
    SELECT ${columns} FROM (
      SELECT sweep.*, parallelism - ${unfinishedTrials}::int AS room FROM "Sweep" AS sweep
      WHERE ${isRunning} AND created < trials AND NOT "isOverBudget" AND ${condition}
    ) AS open
    WHERE 2 * room >= parallelism ORDER BY "createdAt", id`

const dueStatement = statement(
  'dueSweeps',
  z.strictObject({ id: z.string(), tenantId: z.string() }),
  selectDue('id, "tenantId"', 'true'),
)

/** $1 sweep. */
const dueSweepStatement = statement(
  'dueSweep',
  z.strictObject({
    id: z.string(),
    tenantId: z.string(),
    name: z.string().nullable(),
    definition: z.instanceof(Uint8Array),
    trials: z.int(),
    created: z.int(),
    requestId: z.string().nullable(),
    traceId: z.string().nullable(),
    spanId: z.string().nullable(),
    isSampled: z.boolean().nullable(),
    room: z.int(),
  }),
  selectDue(
    'id, "tenantId", name, definition, trials, created, "requestId", "traceId", "spanId", "isSampled", room',
    'sweep.id = $1',
  ),
)

const anyRunningStatement = statement(
  'anySweepRunning',
  z.strictObject({ found: z.int() }),
  `SELECT 1 AS found FROM "Sweep" WHERE ${isRunning} LIMIT 1`,
)

/** $1 sweep, $2 the trials created before, $3 after, $4 number of refused ones, $5 their first reasons. */
const advanceStatement = statement(
  'advanceSweep',
  idRow,
  `UPDATE "Sweep" SET created = $3::int, refused = refused + $4::int,
      refusals = CASE WHEN jsonb_array_length(refusals) < ${sweepLimits.refusals} THEN refusals || $5::jsonb ELSE refusals END
    WHERE id = $1 AND created = $2::int AND ${isRunning} RETURNING id`,
)

const budgetStatement = statement(
  'endSweepBudgets',
  noRow,
  `UPDATE "Sweep" AS sweep SET "isOverBudget" = true
    WHERE ${isRunning} AND created < trials AND NOT "isOverBudget" AND "budgetSeconds" <=
      (SELECT sum("trainingSeconds") FROM "Job" WHERE "sweepId" = sweep.id)`,
)

const finishStatement = statement(
  'finishSweeps',
  noRow,
  `UPDATE "Sweep" AS sweep SET "finishedAt" = now(), status = CASE WHEN EXISTS (
        SELECT FROM "Job" WHERE "sweepId" = sweep.id AND ${statusIn([transitions.succeed.to])}
      ) THEN '${sweepTransitions.succeed.to}'::"SweepStatus" ELSE '${sweepTransitions.fail.to}' END
    WHERE ${isRunning} AND (created >= trials OR "isOverBudget") AND ${unfinishedTrials} = 0`,
)

/** Whether a job waits for a decision. */
export const waits = `${statusIn([transitions.pause.to])} AND "pauseAfter" IS NOT NULL AND epoch = "pauseAfter"`

const halvedTrial = z.object({
  trial: z.int(),
  jobId: z.string(),
  state: z.enum(['waiting', 'unfinished', 'ended']),
  rungs: z.array(z.number()),
  score: z.number().nullable(),
})

/** Of "Job" AS job in "Sweep" AS sweep. */
const halvedColumns = `trial, job.id AS "jobId", rungs, ${jobScore} AS score, CASE WHEN ${waits} THEN 'waiting'
    WHEN ${statusIn(unfinishedStatuses, 'job.status')} THEN 'unfinished' ELSE 'ended' END AS state`

/** The parallelism bounds the rows of a sweep. */
const waitingStatement = statement(
  'waitingSweeps',
  z.strictObject({
    id: z.string(),
    tenantId: z.string(),
    definition: z.instanceof(Uint8Array),
    created: z.int(),
    unfinished: z.array(z.int()),
    waiting: z.array(halvedTrial),
  }),
  `
    SELECT sweep.id, sweep."tenantId", definition, created,
      ARRAY(SELECT trial FROM "Job" WHERE "sweepId" = sweep.id AND ${statusIn(unfinishedStatuses)}) AS unfinished, waiting
    FROM "Sweep" AS sweep CROSS JOIN LATERAL (
      SELECT jsonb_agg(to_jsonb(item)) AS waiting FROM (
        SELECT ${halvedColumns} FROM "Job" AS job
        WHERE "sweepId" = sweep.id AND ${statusIn(unfinishedStatuses, 'job.status')} AND ${waits}
      ) AS item
    ) AS waits
    WHERE ${statusIn(['running'], 'sweep.status')} AND waiting IS NOT NULL`,
)

/** $1 sweep, $2 numbers. */
const halvedStatement = statement(
  'halvedTrials',
  halvedTrial,
  `SELECT item.* FROM "Sweep" AS sweep CROSS JOIN LATERAL (
      SELECT ${halvedColumns} FROM "Job" AS job WHERE "sweepId" = $1 AND trial = ANY($2::int[])
    ) AS item WHERE sweep.id = $1`,
)

const lockStatement = statement(
  'lockRunningSweep',
  idRow,
  `SELECT id FROM "Sweep" WHERE id = $1 AND ${isRunning} FOR UPDATE`,
)

/**
 * $1 jobs, $2 metrics, $3 numbers of earlier decisions, $4 epochs of the next decisions. Several processes decide, and a
 * trial may already wait for its next decision when the last of them applies this one.
 */
const decided = `id IN (SELECT id FROM "Job" WHERE id = ANY($1::text[]) AND ${waits}
    AND cardinality(rungs) = ($3::int[])[array_position($1::text[], id)] ORDER BY id FOR NO KEY UPDATE)`
const recordScore = 'rungs = rungs || ($2::float8[])[array_position($1::text[], id)]'

const continueStatement = statement(
  'continueTrials',
  changedRow,
  transition('resume', {
    where: decided,
    set: `attempt = attempt + 1, ${recordScore}, "pauseAfter" = ($4::int[])[array_position($1::text[], id)]`,
    event: { type: 'resumed' },
  }),
)

const stopStatement = statement(
  'stopTrials',
  changedRow,
  transition('cancel', { where: decided, set: `"finishedAt" = now(), ${recordScore}` }),
)

/** A limit of the tenant leaves room for fewer jobs. */
class RoomForFewer extends Error {
  override readonly name = 'RoomForFewer'

  constructor(readonly jobs: number) {
    super(`The tenant has room for ${jobs} jobs.`)
  }
}

const ofLimits: readonly ProblemCode[] = ['too-many-jobs', 'too-much-stored']

/** Characters of a reason that are kept. */
const maximumMessage = 300

export function runningSweeps(database: Database, settings: Limits): Omit<AllSweeps, 'of'> {
  const { pool } = database

  /** @returns the number of stored jobs @throws RoomForFewer */
  async function add(
    client: Prisma.TransactionClient,
    sweep: DueSweep,
    last: number,
    items: readonly JobOfTenant[],
    planned: Omit<PlannedTrials, 'jobs'>,
  ): Promise<number> {
    const values = [sweep.id, sweep.created, last]
    // Locks the sweep before its jobs, as cancelling does.
    const [advanced] = await query(client, advanceStatement, [...values, 0, '[]'])
    if (advanced === undefined) return 0
    const outcomes = await createJobs((created, rows) => query(client, created, rows), items)
    const limited = outcomes.findIndex(
      (outcome) => outcome instanceof Problem && ofLimits.includes(outcome.code),
    )
    if (limited >= 0) throw new RoomForFewer(limited)
    const refused = [
      ...planned.refused,
      ...items.flatMap(({ job }, index) => refusedTrial(job.sweep?.trial, outcomes[index])),
    ]
    if (refused.length > 0)
      await query(client, advanceStatement, [sweep.id, last, last, ...toReasons(refused)])
    await storePoints(client, sweep, planned.points, refused)
    return outcomes.filter((outcome) => !(outcome instanceof Problem)).length
  }

  return {
    due: () => send(pool, dueStatement, []),

    async dueSweep(id) {
      const [row] = await send(pool, dueSweepStatement, [id])
      return row === undefined ? null : { ...row, definition: unpackDefinition(row.definition) }
    },

    async addTrials(sweep, last, { jobs, refused, points }) {
      const { tenantId } = sweep
      const items = await inSlices(compressSpecs(tenantId, jobs, settings), 'background')
      const store = (end: number, count: number) =>
        database.inTransaction(tenantId, (client) =>
          add(client, sweep, end, items.slice(0, count), {
            refused: refused.filter(({ trial }) => trial <= end),
            points: points.filter(({ point }) => point <= trialOf(end, sweep.definition).point),
          }),
        )
      try {
        return await store(last, items.length)
      } catch (error) {
        if (!(error instanceof RoomForFewer)) throw error
        // The trial before the first that has no room.
        const end = (jobs[error.jobs]?.sweep?.trial ?? last + 1) - 1
        return end > sweep.created ? store(end, error.jobs) : 0
      }
    },

    points: (sweepId, after) => send(pool, pointsStatement, [sweepId, after]),

    async waiting() {
      const rows = await send(pool, waitingStatement, [])
      return rows.map(({ definition, ...row }) => ({
        ...row,
        definition: () => unpackDefinition(definition),
      }))
    },

    halvedTrials: (sweepId, numbers) => send(pool, halvedStatement, [sweepId, numbers]),

    async decide(sweepId, decisions) {
      // Each in its own transaction, which locks jobs once and then counters, as all others do.
      const apply = async (action: Decision['action'], change: typeof stopStatement) => {
        const some = decisions.filter((decision) => decision.action === action)
        if (some.length === 0) return
        const columns = [
          some.map(({ jobId }) => jobId),
          some.map(({ score }) => score),
          some.map(({ rung }) => rung),
        ]
        const pauses = action === 'stop' ? [] : [some.map(({ pauseAfter }) => pauseAfter)]
        await transaction(pool, async (client) => {
          const isRunning = (await send(client, lockStatement, [sweepId])).length > 0
          if (isRunning) await send(client, change, [...columns, ...pauses])
        })
      }
      await apply('continue', continueStatement)
      await apply('stop', stopStatement)
    },

    async finish() {
      await send(pool, budgetStatement, [])
      await send(pool, finishStatement, [])
    },

    anyRunning: async () => (await send(pool, anyRunningStatement, [])).length > 0,
  }
}

/** The number of refusals, and the first reasons as JSON. */
function toReasons(refused: readonly RefusedTrial[]): [number, string] {
  const first = refused.toSorted((a, b) => a.trial - b.trial).slice(0, sweepLimits.refusals)
  const reasons = first.map(({ trial, message }) => ({ trial, message: message.slice(0, maximumMessage) }))
  return [refused.length, JSON.stringify(reasons)]
}

function refusedTrial(trial: number | undefined, outcome: unknown): RefusedTrial[] {
  return outcome instanceof Problem && trial !== undefined ? [{ trial, message: outcome.detail }] : []
}
