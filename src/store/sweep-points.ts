/** The points of searches whose points depend on results. */
import { z } from 'zod'
import { transitions, unfinishedStatuses } from '../contract/job-status.js'
import type { ChosenPoint, DueSweep, RefusedTrial } from '../training/ports/sweeps.js'
import { trialOf } from '../training/sweeps/trials.js'
import type { Prisma } from './database.js'
import { noRow, query, statement } from './statements.js'
import { jobScore } from './sweep-rows.js'
import { statusIn } from './transitions.js'

/** $1 sweep, $2 the point before. */
export const pointsStatement = statement(
  'readSweepPoints',
  z.strictObject({
    point: z.int(),
    choices: z.array(z.number().nullable()),
    isEnded: z.boolean(),
    isBad: z.boolean(),
    score: z.number().nullable(),
  }),
  `
    SELECT point.point, point.choices, trial."isEnded", trial."isFailed" OR "isRefused" AS "isBad",
      CASE WHEN trial.scores = seeds THEN trial.score END AS score
    FROM "SweepPoint" AS point JOIN "Sweep" AS sweep ON sweep.id = "sweepId" CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE ${statusIn(unfinishedStatuses)}) = 0 AS "isEnded",
        count(*) FILTER (WHERE ${statusIn([transitions.fail.to])}) > 0 AS "isFailed",
        count(*) FILTER (WHERE ${statusIn([transitions.succeed.to])}) AS scores, avg(${jobScore} ORDER BY trial) AS score
      FROM "Job" AS job WHERE job."sweepId" = $1 AND trial BETWEEN (point.point - 1) * seeds + 1 AND point.point * seeds
    ) AS trial
    WHERE point."sweepId" = $1 AND sweep.id = $1 AND point.point > $2::int ORDER BY point.point`,
)

/** $1 sweep, $2 points as JSON. A point of several seeds may be stored in parts. */
const storeStatement = statement(
  'storeSweepPoints',
  noRow,
  `INSERT INTO "SweepPoint" ("sweepId", point, choices, "isRefused")
    SELECT $1, point, choices, "isRefused"
    FROM jsonb_to_recordset($2::jsonb) AS item(point int, choices float8[], "isRefused" bool)
    ON CONFLICT ("sweepId", point) DO UPDATE SET "isRefused" = "SweepPoint"."isRefused" OR EXCLUDED."isRefused"`,
)

export async function storePoints(
  client: Prisma.TransactionClient,
  { id, definition }: DueSweep,
  points: readonly ChosenPoint[],
  refused: readonly RefusedTrial[],
): Promise<void> {
  if (points.length === 0) return
  const bad = new Set(refused.map(({ trial }) => trialOf(trial, definition).point))
  const items = points.map((point) => ({ ...point, isRefused: bad.has(point.point) }))
  await query(client, storeStatement, [id, JSON.stringify(items)])
}
