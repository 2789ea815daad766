/** Figures about the service for whoever watches it run: sums that only grow (Tally), and how many jobs wait or run. */
import { finishedStatuses, unfinishedStatuses } from '../contract/job.js'
import type { FigureStore } from '../training/ports/figures.js'
import { type Database, Prisma } from './database.js'
import { tallyShards } from './outbox.js'
import { statusIn } from './transitions.js'
import { summarizeWorkers } from './workers.js'

export function figureStore(database: Database): FigureStore {
  return {
    async add(increments) {
      const shard = Math.floor(Math.random() * tallyShards)
      await database.$executeRaw`
        INSERT INTO "Tally" AS tally (name, shard, value)
        SELECT name, ${shard}::int, value
        FROM unnest(${Object.keys(increments)}::text[], ${Object.values(increments)}::float8[]) AS increment(name, value)
        ON CONFLICT (name, shard) DO UPDATE SET value = tally.value + excluded.value`
    },

    async read() {
      const [counts, sums, workers] = await Promise.all([
        database.$queryRaw<{ status: string; jobs: number }[]>`
          SELECT status::text, count(*)::float8 AS jobs FROM "Job"
          WHERE ${Prisma.raw(statusIn(unfinishedStatuses))} GROUP BY status`,
        database.$queryRaw<{ name: string; value: number }[]>`
          SELECT name, sum(value) AS value FROM "Tally" GROUP BY name`,
        summarizeWorkers(database),
      ])
      const tallies = new Map(sums.map(({ name, value }) => [name, value]))
      const waiting = new Map(counts.map(({ status, jobs }) => [status, jobs]))
      const tally = (name: string) => tallies.get(name) ?? 0
      return {
        workers,
        epochs: tally('epochs'),
        trainingSeconds: tally('trainingSeconds'),
        unfinished: unfinishedStatuses.map((status) => ({ status, jobs: waiting.get(status) ?? 0 })),
        ended: finishedStatuses.map((status) => ({ status, jobs: tally(`jobs.${status}`) })),
      }
    },
  }
}
