/** Durations of past trainings, for estimates. */
import { z } from 'zod'
import type { FinishedRuns } from '../training/ports/speed.js'
import type { Database } from './database.js'
import { query, statement } from './statements.js'
import { statusIn } from './transitions.js'

/** The number of finished jobs that are read. */
const maximumJobs = 500
/** Shorter runs measure the start and the storing rather than the training. */
const minimumSeconds = 0.2

/**
 * Only first attempts, which were neither paused nor interrupted. Cross-validation is excluded, because
 * these columns count one of its trainings.
 */
const newestStatement = statement(
  'newestFinishedRuns',
  z.strictObject({ steps: z.number(), flops: z.number(), threads: z.int(), seconds: z.number() }),
  `SELECT "stepsPerEpoch"::float8 * epoch AS steps, "flopsPerEpoch" * epoch AS flops, threads, seconds
    FROM (
      SELECT *, extract(epoch FROM "finishedAt" - "startedAt")::float8 AS seconds FROM "Job"
      WHERE ${statusIn(['succeeded'])} AND "finishedAt" IS NOT NULL
      ORDER BY "finishedAt" DESC LIMIT ${maximumJobs}
    ) AS ended
    WHERE attempt = 1 AND "stepsPerEpoch" IS NOT NULL AND NOT "hasFolds" AND seconds >= ${minimumSeconds}`,
)

export function finishedRuns(database: Database): FinishedRuns {
  return {
    async newest() {
      return query(database, newestStatement, [])
    },
  }
}
