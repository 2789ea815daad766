/** How fast past trainings went, for estimates. */
import type { FinishedRun, FinishedRuns } from '../training/ports/speed.js'
import { type Database, Prisma } from './database.js'
import { statusIn } from './transitions.js'

/** Ended jobs looked at. */
const newestJobs = 500
/** What is shorter tells of starting and storing rather than of training. */
const leastSeconds = 0.2

export function finishedRuns(database: Database): FinishedRuns {
  return {
    async newest() {
      // Attempt 1: neither paused nor interrupted. Trainings by folds are counted by none of these columns.
      return database.$queryRaw<FinishedRun[]>`
        SELECT "stepsPerEpoch"::float8 * epoch AS steps, "flopsPerEpoch" * epoch AS flops,
          threads, seconds
        FROM (
          SELECT *, extract(epoch FROM "finishedAt" - "startedAt")::float8 AS seconds FROM "Job"
          WHERE ${Prisma.raw(statusIn(['succeeded']))} AND "finishedAt" IS NOT NULL
          ORDER BY "finishedAt" DESC LIMIT ${newestJobs}::int
        ) AS ended
        WHERE attempt = 1 AND "stepsPerEpoch" IS NOT NULL
          AND NOT "hasFolds" AND seconds >= ${leastSeconds}::float8`
    },
  }
}
