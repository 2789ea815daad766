/** Reads of watchers, each for many jobs in one statement. */
import { z } from 'zod'
import { jobStatusSchema } from '../contract/job-status.js'
import type { EpochsWanted, WatchedJob, WatchStore } from '../live/watch-store.js'
import type { Database } from './database.js'
import { packedEpochs, packedEpochsQuery, packedRowSchema } from './epochs.js'
import { jobColumns, jobRowSchema, toJob } from './job-rows.js'
import { send, statement } from './statements.js'

const wanted = 'unnest($1::text[], $2::int8[], $3::int8[]) WITH ORDINALITY AS wanted(id, after, most, place)'
const epochsOfWanted = packedEpochsQuery({ id: 'wanted.id', after: 'wanted.after', limit: 'wanted.most' })

const watchedRowSchema = z.strictObject({
  ...jobRowSchema.shape,
  ...packedRowSchema.shape,
  wantedPlace: z.int().describe('counted from 1'),
})

const jobsStatement = statement(
  'watchedJobs',
  watchedRowSchema,
  `
    SELECT wanted.place::int AS "wantedPlace", ${jobColumns}, epochs.runs, epochs.metrics
    FROM ${wanted}
    JOIN "Job" AS job ON job.id = wanted.id
    LEFT JOIN "Model" AS model ON model."jobId" = job.id
    CROSS JOIN LATERAL (${epochsOfWanted}) AS epochs`,
)

const epochsStatement = statement(
  'watchedEpochs',
  packedRowSchema,
  `SELECT epochs.* FROM ${wanted} CROSS JOIN LATERAL (${epochsOfWanted}) AS epochs ORDER BY wanted.place`,
)

const progressStatement = statement(
  'watchedProgress',
  z.strictObject({ jobId: z.string(), status: jobStatusSchema, epoch: z.int() }),
  'SELECT id AS "jobId", status, epoch FROM "Job" WHERE id = ANY($1::text[])',
)

export function watchStore(database: Database): WatchStore {
  const { pool } = database
  return {
    async jobs(wanted) {
      const rows = await send(pool, jobsStatement, toValues(wanted))
      const answers = wanted.map((): WatchedJob | null => null)
      for (const row of rows) {
        const place = row.wantedPlace - 1
        const epochs = packedEpochs(row, wanted[place].after)
        answers[place] = { tenantId: row.tenantId, job: toJob(row), epochs }
      }
      return answers
    },

    async epochs(wanted) {
      const rows = await send(pool, epochsStatement, toValues(wanted))
      return rows.map((row, index) => packedEpochs(row, wanted[index].after))
    },

    progress: (ids) => send(pool, progressStatement, [ids]),
  }
}

const toValues = (wanted: readonly EpochsWanted[]) => [
  wanted.map(({ jobId }) => jobId),
  wanted.map(({ after }) => after),
  wanted.map(({ limit }) => limit),
]
