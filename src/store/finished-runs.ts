/** How fast past trainings went, for estimates. */
import { z } from 'zod'
import type { FinishedRuns } from '../training/ports/speed.js'
import type { Database } from './database.js'
import { query, statement } from './statements.js'
import { statusIn } from './transitions.js'

/** Ended jobs looked at. */
const newestJobs = 500
/** What is shorter tells of starting and storing rather than of training. */
const leastSeconds = 0.2

/** Attempt 1: neither paused nor interrupted. Of trainings by folds, these columns count one only. */
const newestStatement = statement(
  'newestFinishedRuns',
  z.strictObject({ steps: z.number(), flops: z.number(), threads: z.int(), seconds: z.number() }),
  `SELECT "stepsPerEpoch"::float8 * epoch AS steps, "flopsPerEpoch" * epoch AS flops, threads, seconds
    FROM (
      SELECT *, extract(epoch FROM "finishedAt" - "startedAt")::float8 AS seconds FROM "Job"
      WHERE ${statusIn(['succeeded'])} AND "finishedAt" IS NOT NULL
      ORDER BY "finishedAt" DESC LIMIT ${newestJobs}
    ) AS ended
    WHERE attempt = 1 AND "stepsPerEpoch" IS NOT NULL AND NOT "hasFolds" AND seconds >= ${leastSeconds}`,
)

export function finishedRuns(database: Database): FinishedRuns {
  return {
    async newest() {
      return query(database, newestStatement, [])
    },
  }
}
