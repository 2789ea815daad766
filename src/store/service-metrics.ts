/** Metrics of the service that come from the database: counters (Tally), and the numbers of unfinished jobs. */
import { z } from 'zod'
import { finishedStatuses, jobStatusSchema, unfinishedStatuses } from '../contract/job-status.js'
import type { MetricStore } from '../training/ports/service-metrics.js'
import type { Database } from './database.js'
import { countDeletedObjects } from './deleted-objects.js'
import { fromTallies, toTallies } from './object-request-tallies.js'
import { tallyShards } from './outbox.js'
import { noRow, query, statement } from './statements.js'
import { statusIn } from './transitions.js'
import { summarizeWorkers } from './workers.js'

/** $1 names, $2 increments, $3 shard. */
const addStatement = statement(
  'addTallies',
  noRow,
  `INSERT INTO "Tally" AS tally (name, shard, value)
    SELECT name, $3::int, value FROM unnest($1::text[], $2::float8[]) AS increment(name, value)
    ON CONFLICT (name, shard) DO UPDATE SET value = tally.value + excluded.value`,
)

const unfinishedStatement = statement(
  'countUnfinishedJobs',
  z.strictObject({ status: jobStatusSchema, jobs: z.number() }),
  // Each status uses its partial index.
  unfinishedStatuses
    .map(
      (status) =>
        `SELECT '${status}' AS status, count(*)::float8 AS jobs FROM "Job" WHERE ${statusIn([status])}`,
    )
    .join(' UNION ALL '),
)

const talliesStatement = statement(
  'readTallies',
  z.strictObject({ name: z.string(), value: z.number() }),
  'SELECT name, sum(value) AS value FROM "Tally" GROUP BY name',
)

export function metricStore(database: Database): MetricStore {
  async function add(increments: Record<string, number>): Promise<void> {
    // In the same order everywhere, so that two processes do not wait for each other.
    const names = Object.keys(increments).sort()
    const shard = Math.floor(Math.random() * tallyShards)
    await query(database, addStatement, [names, names.map((name) => increments[name]), shard])
  }

  return {
    add,
    addObjectRequests: (requests) => add(toTallies(requests)),

    async read() {
      const [counts, sums, workers, deletedObjects] = await Promise.all([
        query(database, unfinishedStatement, []),
        query(database, talliesStatement, []),
        summarizeWorkers(database),
        database.objects === null ? 0 : countDeletedObjects(database.pool),
      ])
      const tallies = new Map(sums.map(({ name, value }) => [name, value]))
      const waiting = new Map<string, number>(counts.map(({ status, jobs }) => [status, jobs]))
      const tally = (name: string) => tallies.get(name) ?? 0
      return {
        workers,
        deletedObjects,
        epochs: tally('epochs'),
        trainingSeconds: tally('trainingSeconds'),
        objectRequests: fromTallies(tallies),
        unfinished: unfinishedStatuses.map((status) => ({ status, jobs: waiting.get(status) ?? 0 })),
        ended: finishedStatuses.map((status) => ({ status, jobs: tally(`jobs.${status}`) })),
      }
    },
  }
}
