import type { Worker, WorkersSummary } from '../../contract/worker.js'
import type { ListPage, Page } from './pages.js'

/** The state of a worker process. */
export interface WorkerReport {
  id: string
  threads: number
  busyThreads: number
  backend: string
  host: string
  processId: number
}

export interface WorkerStore {
  report(report: WorkerReport): Promise<void>
  /** Removes a worker that stopped or died. */
  remove(id: string): Promise<void>
  /** Counts workers that reported recently. `list` has the same. */
  summary(): Promise<WorkersSummary>
  list(page: ListPage): Promise<Page<Worker>>
  /** Deletes workers without a recent report. */
  cleanUp(): Promise<void>
}
