import type { JobStatus } from '../../contract/job.js'
import type { WorkersSummary } from '../../contract/worker.js'

/** Counts over all processes. */
export interface Figures {
  workers: WorkersSummary
  epochs: number
  trainingSeconds: number
  unfinished: { status: JobStatus; jobs: number }[]
  ended: { status: JobStatus; jobs: number }[]
}

export interface FigureStore {
  /** Adds to counters. */
  add(increments: Partial<Pick<Figures, 'epochs' | 'trainingSeconds'>>): Promise<void>
  read(): Promise<Figures>
}
