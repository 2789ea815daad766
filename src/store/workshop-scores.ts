/** Scores of the runs of workshops on hidden rows. A claim is a lease, so an evaluation survives its process. */
import { z } from 'zod'
import { transitions } from '../contract/job-status.js'
import {
  type LeaderboardMetric,
  leaderboardMetricSchema,
  type StandingDetail,
  scoreProblemSchema,
  sortSign,
} from '../contract/leaderboard.js'
import type { DueScore, ScoreStore } from '../training/ports/workshop-scores.js'
import type { Database } from './database.js'
import { noRow, send, statement } from './statements.js'
import { statusIn } from './transitions.js'

/** Older runs of a participant are not evaluated. */
const evaluatedRuns = 200
const lease = `interval '1 minute'`

const hasLeaderboard = `"datasetId" IS NOT NULL AND "expiresAt" > now()`

const anyOpenStatement = statement(
  'anyLeaderboardOpen',
  z.strictObject({ found: z.int() }),
  `SELECT 1 AS found FROM "Workshop" WHERE ${hasLeaderboard} LIMIT 1`,
)

/** $1 maximum number. A lease that ended without a result is claimed again. */
const claimStatement = statement(
  'claimScores',
  z.strictObject({
    jobId: z.string(),
    modelId: z.string(),
    tenantId: z.string(),
    workshopId: z.string(),
    teacherId: z.string(),
    dataset: z.string(),
    metric: leaderboardMetricSchema,
    attempts: z.int(),
  }),
  `
    WITH due AS (
      SELECT job.id, job."modelId", participant."tenantId", workshop.id AS "workshopId",
        workshop."tenantId" AS "teacherId", "datasetId", metric
      FROM "Workshop" AS workshop JOIN "Participant" AS participant ON participant."workshopId" = workshop.id
      CROSS JOIN LATERAL (
        SELECT newest.id, newest."createdAt", model.id AS "modelId" FROM (
          SELECT id, status, "createdAt" FROM "Job" WHERE "Job"."tenantId" = participant."tenantId"
          ORDER BY "createdAt" DESC, id DESC LIMIT ${evaluatedRuns}
        ) AS newest
        JOIN "Model" AS model ON model."jobId" = newest.id
        LEFT JOIN "WorkshopScore" AS score ON score."jobId" = newest.id
        WHERE ${statusIn([transitions.succeed.to], 'newest.status')}
          AND (score."jobId" IS NULL OR score."claimedUntil" < now())
        ORDER BY newest."createdAt" DESC, newest.id DESC LIMIT 1
      ) AS job
      WHERE ${hasLeaderboard} ORDER BY job."createdAt", job.id LIMIT $1::int
    ), claimed AS (
      INSERT INTO "WorkshopScore" AS score ("jobId", "workshopId", "tenantId", "claimedUntil")
      SELECT id, "workshopId", "tenantId", now() + ${lease} FROM due ORDER BY id
      ON CONFLICT ("jobId") DO UPDATE SET attempts = score.attempts + 1, "claimedUntil" = excluded."claimedUntil"
        WHERE score."claimedUntil" < now()
      RETURNING "jobId", attempts
    )
    SELECT "jobId", "modelId", "tenantId", "workshopId", "teacherId", "datasetId" AS dataset, metric, attempts
    FROM claimed JOIN due ON due.id = claimed."jobId" ORDER BY "jobId"`,
)

/** $1 job, $2 attempt, $3 score, $4 problem, $5 detail, $6 dataset, $7 metric. */
const recordStatement = statement(
  'recordScore',
  noRow,
  `
    UPDATE "WorkshopScore" AS scored SET score = $3::float8, problem = $4, detail = $5, "claimedUntil" = NULL
    FROM "Workshop" AS workshop
    WHERE "jobId" = $1 AND attempts = $2::int AND workshop.id = "workshopId" AND "datasetId" = $6 AND metric = $7`,
)

/** $1 workshop, $2 the sign that sorts the best first. */
const standingsStatement = statement(
  'workshopStandings',
  z.strictObject({
    nickname: z.string(),
    score: z.number().nullable(),
    jobId: z.string().nullable(),
    name: z.string().nullable(),
    scored: z.int(),
    problem: scoreProblemSchema.nullable(),
    detail: z.string().nullable(),
  }),
  `
    SELECT nickname, best.score, best."jobId", best.name, count.scored, refused.problem, refused.detail
    FROM "Participant" AS participant
    CROSS JOIN LATERAL (
      SELECT count(score)::int AS scored FROM "WorkshopScore" AS each WHERE each."tenantId" = participant."tenantId"
    ) AS count
    LEFT JOIN LATERAL (
      SELECT score, "jobId", job.name FROM "WorkshopScore" AS each JOIN "Job" AS job ON job.id = "jobId"
      WHERE each."tenantId" = participant."tenantId" AND score IS NOT NULL
      ORDER BY $2::float8 * score, "finishedAt", "jobId" LIMIT 1
    ) AS best ON true
    LEFT JOIN LATERAL (
      SELECT problem, detail FROM "WorkshopScore" AS each JOIN "Job" AS job ON job.id = "jobId"
      WHERE each."tenantId" = participant."tenantId" AND "claimedUntil" IS NULL
      ORDER BY job."createdAt" DESC, "jobId" DESC LIMIT 1
    ) AS refused ON true
    WHERE participant."workshopId" = $1
    ORDER BY $2::float8 * best.score NULLS LAST, participant."joinedAt", participant."tenantId"`,
)

export function scoreStore({ pool }: Pick<Database, 'pool'>): ScoreStore {
  return {
    anyOpen: async () => (await send(pool, anyOpenStatement, [])).length > 0,

    async claim(limit) {
      const rows = await send(pool, claimStatement, [limit])
      return rows.map(
        ({ dataset, metric, ...row }): DueScore => ({ ...row, leaderboard: { dataset, metric } }),
      )
    },

    async record({ jobId, attempts, leaderboard: { dataset, metric } }, result) {
      const values = 'score' in result ? [result.score, null, null] : [null, result.problem, result.detail]
      await send(pool, recordStatement, [jobId, attempts, ...values, dataset, metric])
    },

    standings: (workshopId, metric) => readStandings({ pool }, workshopId, metric),
  }
}

export async function readStandings(
  { pool }: Pick<Database, 'pool'>,
  workshopId: string,
  metric: LeaderboardMetric,
): Promise<StandingDetail[]> {
  const rows = await send(pool, standingsStatement, [workshopId, sortSign(metric)])
  return rows.map(({ jobId, name, ...row }) => ({
    ...row,
    rank: row.score === null ? null : 1 + rows.findIndex(({ score }) => score === row.score),
    run: jobId === null ? null : { id: jobId, name },
  }))
}
