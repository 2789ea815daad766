/** What watching reads, of many jobs in one statement. */
import type { EpochsWanted, WatchedJob, WatchStore } from '../live/watch-store.js'
import type { JobProgress } from '../training/ports/jobs.js'
import { type Database, send } from './database.js'
import { type PackedRow, packedEpochs, packedRowOf } from './epochs.js'
import { type JobRow, jobColumns, toJob } from './job-rows.js'

const wanted = 'unnest($1::text[], $2::int8[], $3::int8[]) WITH ORDINALITY AS wanted(id, after, most, place)'
const epochsOfWanted = packedRowOf({ id: 'wanted.id', after: 'wanted.after', limit: 'wanted.most' })

const jobsStatement = {
  name: 'watched-jobs',
  text: `
    SELECT wanted.place::int AS "wantedPlace", ${jobColumns}, epochs.runs, epochs.metrics
    FROM ${wanted}
    JOIN "Job" AS job ON job.id = wanted.id
    LEFT JOIN "Model" AS model ON model."jobId" = job.id
    CROSS JOIN LATERAL (${epochsOfWanted}) AS epochs`,
}

const epochsStatement = {
  name: 'watched-epochs',
  text: `SELECT epochs.* FROM ${wanted} CROSS JOIN LATERAL (${epochsOfWanted}) AS epochs ORDER BY wanted.place`,
}

const progressStatement = {
  name: 'watched-progress',
  text: 'SELECT id AS "jobId", status, epoch FROM "Job" WHERE id = ANY($1::text[])',
}

type WatchedRow = JobRow &
  PackedRow & {
    /** Counted from 1. */
    wantedPlace: number
  }

export function watchStore(database: Database): WatchStore {
  const { pool } = database
  return {
    async jobs(wanted) {
      const rows = await send<WatchedRow>(pool, jobsStatement, valuesOf(wanted))
      const answers = wanted.map((): WatchedJob | null => null)
      for (const row of rows) {
        const place = row.wantedPlace - 1
        const epochs = packedEpochs(row, wanted[place].after)
        answers[place] = { tenantId: row.tenantId, job: toJob(row), epochs }
      }
      return answers
    },

    async epochs(wanted) {
      const rows = await send<PackedRow>(pool, epochsStatement, valuesOf(wanted))
      return rows.map((row, index) => packedEpochs(row, wanted[index].after))
    },

    progress: (ids) => send<JobProgress>(pool, progressStatement, [ids]),
  }
}

const valuesOf = (wanted: readonly EpochsWanted[]) => [
  wanted.map(({ jobId }) => jobId),
  wanted.map(({ after }) => after),
  wanted.map(({ limit }) => limit),
]
