/** Statistics of the layers of trainings. `record-progress.ts` stores them with their epochs. */
import { epochStatisticsSchema } from '../contract/statistics.js'
import type { StatisticsStore } from '../training/ports/statistics.js'
import type { Database } from './database.js'

export function statisticsStore(database: Database): StatisticsStore {
  return {
    async read(jobId) {
      const rows = await database.epochStatistics.findMany({ where: { jobId }, orderBy: { epoch: 'asc' } })
      const withEpoch = rows.map(({ epoch, statistics }) => ({ ...Object(statistics), epoch }))
      return epochStatisticsSchema.array().parse(withEpoch)
    },
  }
}
