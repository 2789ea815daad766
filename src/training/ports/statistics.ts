import type { EpochStatistics } from '../../contract/statistics.js'

export interface StatisticsStore {
  /** The statistics of a job in order of epochs: at most about 200. */
  read(jobId: string): Promise<EpochStatistics[]>
}
