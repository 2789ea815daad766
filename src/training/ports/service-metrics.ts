import type { JobStatus } from '../../contract/job-status.js'
import type { WorkersSummary } from '../../contract/worker.js'

/** Counts over all processes. */
interface ServiceMetrics {
  workers: WorkersSummary
  epochs: number
  trainingSeconds: number
  unfinished: { status: JobStatus; jobs: number }[]
  ended: { status: JobStatus; jobs: number }[]
  /** Objects that the cleanup will delete. */
  deletedObjects: number
}

export interface MetricStore {
  /** Adds to counters. */
  add(increments: Partial<Pick<ServiceMetrics, 'epochs' | 'trainingSeconds'>>): Promise<void>
  read(): Promise<ServiceMetrics>
}
