/** Sweeps, as clients see and control them. What creates and ends their trials is in running-sweeps.ts. */
import { z } from 'zod'
import { jobStatusSchema, unfinishedStatuses } from '../contract/job-status.js'
import type { Limits } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import { sweepLimits, sweepStatusSchema, unfinishedSweepStatuses } from '../contract/sweep.js'
import type { SweepWatchStore } from '../live/sweep-watch-store.js'
import type { AllSweeps, NewSweep, SweepStore } from '../training/ports/sweeps.js'
import { audit } from './audit.js'
import type { Database, Prisma } from './database.js'
import { createOnce } from './idempotency.js'
import { afterCursor, cursorColumns, cursorNumber, newestFirst, pageByPosition, toPage } from './pages.js'
import { readTrialsOfJob } from './repeats.js'
import { runningSweeps } from './running-sweeps.js'
import { send, statement } from './statements.js'
import { controlSweep } from './sweep-control.js'
import {
  definitionColumns,
  jobScore,
  summaryColumns,
  sweepRow,
  toSummary,
  toSweep,
  trialConverter,
  trialRow,
  unpackDefinition,
} from './sweep-rows.js'
import { enforceLimits, lockLimits } from './tenant-limits.js'
import { traceColumns } from './trace-columns.js'
import { statusIn } from './transitions.js'

/** Points in `best`. */
const bestPoints = 10

const hasScore = statusIn(['succeeded'], 'job.status')

const counts = jobStatusSchema.options
  .map((status) => `count(*) FILTER (WHERE ${statusIn([status])})::int AS ${status}`)
  .join(', ')

/** Times a score: the better the lower. */
const sign = "CASE WHEN sweep.metric IN ('accuracy', 'valAccuracy') THEN -1 ELSE 1 END"

/** $1 sweep, $2 tenant. A point counts if all of its trials succeeded. */
const readStatement = statement(
  'readSweep',
  sweepRow,
  `
    WITH sweep AS MATERIALIZED (
      SELECT * FROM "Sweep" WHERE id = $1 AND "tenantId" = $2
    ), trial AS MATERIALIZED (
      SELECT job.id, job.trial, job.status, job.epoch, job."continuedEpoch", job."trainingSeconds", (job.trial - 1) / sweep.seeds + 1 AS point,
        CASE WHEN ${hasScore} THEN ${jobScore} END AS score
      FROM sweep JOIN "Job" AS job ON job."sweepId" = sweep.id AND job.trial > 0
    ), point AS (
      SELECT point, avg(score ORDER BY trial.trial) AS score, stddev_samp(score ORDER BY trial.trial) AS deviation,
        array_agg(trial.id ORDER BY trial.trial) AS "jobIds",
        array_agg(trial.id ORDER BY score * ${sign}, trial.id) AS ranked
      FROM trial, sweep GROUP BY point, sweep.seeds HAVING count(score) = sweep.seeds
    ), best AS (
      SELECT point.*, (SELECT id FROM "Model" WHERE "jobId" = ranked[1]) AS "modelId",
        (SELECT choices FROM "SweepPoint" WHERE "sweepId" = $1 AND "SweepPoint".point = point.point) AS choices
      FROM (SELECT point.* FROM point, sweep
        ORDER BY score * ${sign}, point.point LIMIT ${bestPoints}) AS point
    ), total AS (
      SELECT ${counts},
        coalesce(sum(epoch), 0)::float8 AS epochs, coalesce(sum("continuedEpoch"), 0)::float8 AS "continuedEpochs", coalesce(sum("trainingSeconds"), 0) AS "trainingSeconds" FROM trial
    )
    SELECT ${summaryColumns}, refused, refusals, total.*,
      extract(epoch FROM coalesce("finishedAt", "pausedAt", now()) - "createdAt")::float8 - "pausedSeconds" AS "activeSeconds",
      coalesce((SELECT jsonb_agg(jsonb_build_object('point', point, 'score', score, 'deviation', deviation, 'jobIds',
        to_jsonb("jobIds"), 'modelId', "modelId", 'choices', to_jsonb(choices))
        ORDER BY score * ${sign}, best.point) FROM best), '[]') AS best
    FROM sweep, total`,
)

/** Of sweep $1. */
const selectTrials = (condition: string) => `
    SELECT job.trial, job.id, model.id AS "modelId", job.status, job.spec, job.epoch,
      coalesce(job."trainingSeconds", 0) AS "trainingSeconds",
      CASE WHEN ${hasScore} THEN ${jobScore} END AS score, rungs, point.choices
    FROM "Sweep" AS sweep JOIN "Job" AS job ON job."sweepId" = sweep.id LEFT JOIN "Model" AS model ON model."jobId" = job.id
      LEFT JOIN "SweepPoint" AS point ON point."sweepId" = $1 AND point.point = (job.trial - 1) / sweep.seeds + 1
    WHERE sweep.id = $1 AND job."sweepId" = $1 AND ${condition} ORDER BY job.trial`

/** $1 sweep, $2 the trial before the page, $3 limit. */
const trialsStatement = statement(
  'readTrials',
  trialRow,
  `${selectTrials('job.trial > $2::int')} LIMIT $3::int`,
)

/** $1 sweep, $2 numbers. */
const numberedStatement = statement(
  'readNumberedTrials',
  trialRow,
  selectTrials('job.trial = ANY($2::int[])'),
)

/** $1 sweep. */
const stateStatement = statement(
  'readSweepState',
  z.strictObject({
    tenantId: z.string(),
    status: sweepStatusSchema,
    created: z.int(),
    unfinished: z.array(z.object({ trial: z.int(), jobId: z.string(), status: jobStatusSchema })),
  }),
  `SELECT "tenantId", status, created, (SELECT coalesce(jsonb_agg(jsonb_build_object('trial', trial, 'jobId', id,
      'status', status)), '[]') FROM "Job" WHERE "sweepId" = $1 AND trial > 0 AND ${statusIn(unfinishedStatuses)})
      AS unfinished
    FROM "Sweep" WHERE id = $1`,
)

/** $1 sweep. */
const watchedDefinitionStatement = statement(
  'readWatchedDefinition',
  z.strictObject({ definition: z.instanceof(Uint8Array), tenantId: z.string() }),
  'SELECT definition, "tenantId" FROM "Sweep" WHERE id = $1',
)

const definitionStatement = statement(
  'readSweepDefinition',
  z.strictObject({ definition: z.instanceof(Uint8Array) }),
  'SELECT definition FROM "Sweep" WHERE id = $1 AND "tenantId" = $2',
)

const summarySelection = {
  ...cursorColumns,
  ...{
    name: true,
    status: true,
    definition: true,
    trials: true,
    created: true,
    isOverBudget: true,
    finishedAt: true,
    jobId: true,
  },
} as const

export function sweepStore(database: Database, settings: Limits): AllSweeps {
  return {
    of: (tenantId) => tenantSweeps(database, tenantId, settings),
    ...runningSweeps(database, settings),
  }
}

/** For streams. */
export function sweepWatchStore(database: Database): SweepWatchStore {
  const { pool } = database
  const define = async (id: string) => (await send(pool, watchedDefinitionStatement, [id])).at(0)
  return {
    state: async (id) => (await send(pool, stateStatement, [id])).at(0) ?? null,

    async numberedTrials(id, numbers) {
      const sweep = await define(id)
      if (sweep === undefined) return []
      const rows = await send(pool, numberedStatement, [id, numbers])
      return rows.map(trialConverter(unpackDefinition(sweep.definition)))
    },

    async sweep(id) {
      const sweep = await define(id)
      const [row] = sweep === undefined ? [] : await send(pool, readStatement, [id, sweep.tenantId])
      return row === undefined ? null : toSweep(row)
    },
  }
}

function tenantSweeps(database: Database, tenantId: string, settings: Limits): SweepStore {
  const { pool } = database
  return {
    create: (sweep, once) =>
      database.inTransaction(tenantId, (client) =>
        createOnce(client, once, () => insertSweep(client, tenantId, sweep, settings)),
      ),

    async get(id) {
      const [row] = await send(pool, readStatement, [id, tenantId])
      return row === undefined ? null : toSweep(row)
    },

    trace: (id) => database.sweep.findUnique({ where: { id, tenantId }, select: traceColumns }),

    async list({ limit, after }) {
      const position = await afterCursor(after, (id) =>
        database.sweep.findFirst({ where: { id, tenantId, jobId: null }, select: cursorColumns }),
      )
      const rows = await database.sweep.findMany({
        where: { tenantId, jobId: null, ...position },
        orderBy: [...newestFirst],
        take: limit + 1,
        select: summarySelection,
      })
      return toPage(rows, { limit }, (row) => toSummary(row))
    },

    async trials(id, { limit, after }) {
      const [sweep] = await send(pool, definitionStatement, [id, tenantId])
      if (sweep === undefined) return null
      const rows = await send(pool, trialsStatement, [id, cursorNumber(after, 0), limit + 1])
      const toTrial = trialConverter(unpackDefinition(sweep.definition))
      return pageByPosition(rows, { limit }, toTrial, ({ trial }) => String(trial))
    },

    ...controlSweep(database, tenantId),

    trialsOfJob: (jobId) => readTrialsOfJob(database, { id: jobId, tenantId }),

    delete: (id, actor = null) =>
      database.inTransaction(tenantId, async (client) => {
        const { count } = await client.sweep.deleteMany({
          where: { id, tenantId, status: { notIn: [...unfinishedSweepStatuses] } },
        })
        if (count > 0) await audit(client, actor, { action: 'sweep.deleted', tenantId, target: id })
        return count > 0
      }),
  }
}

async function insertSweep(
  client: Prisma.TransactionClient,
  tenantId: string,
  { definition, ...sweep }: NewSweep,
  settings: Limits,
) {
  await lockLimits(client, tenantId)
  const count = await client.sweep.count({ where: { tenantId, jobId: null } })
  if (count >= sweepLimits.sweeps) {
    const message = `Sweep limit reached: ${count} of ${sweepLimits.sweeps}. Delete one first.`
    throw new Problem('too-many-sweeps', message)
  }
  const row = await client.sweep.create({
    data: { ...sweep, tenantId, ...definitionColumns(definition) },
    select: summarySelection,
  })
  await enforceLimits(client, tenantId, settings, ['storedBytes'])
  return toSummary(row, definition)
}
