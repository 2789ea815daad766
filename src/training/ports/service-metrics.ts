import type { JobStatus } from '../../contract/job-status.js'
import type { WorkersSummary } from '../../contract/worker.js'

/** Upper bounds in seconds of the requests to the object store that are counted together. */
export const objectRequestBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15] as const

/** Attempts of requests to the object store with the same operation and outcome. */
export interface ObjectRequests {
  operation: string
  outcome: string
  /** Their sum. */
  seconds: number
  /** Between the previous bound and the bound at the same index. The last count has those above all bounds. */
  counts: number[]
}

/** Counts over all processes. */
interface ServiceMetrics {
  workers: WorkersSummary
  epochs: number
  trainingSeconds: number
  unfinished: { status: JobStatus; jobs: number }[]
  ended: { status: JobStatus; jobs: number }[]
  /** Objects that the cleanup will delete. */
  deletedObjects: number
  /** Of all workers. */
  objectRequests: ObjectRequests[]
}

export interface MetricStore {
  /** Adds to counters. */
  add(increments: Partial<Pick<ServiceMetrics, 'epochs' | 'trainingSeconds'>>): Promise<void>
  addObjectRequests(requests: readonly ObjectRequests[]): Promise<void>
  read(): Promise<ServiceMetrics>
}
