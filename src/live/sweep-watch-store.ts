import type { JobStatus } from '../contract/job-status.js'
import type { Sweep, SweepStatus, Trial } from '../contract/sweep.js'

/** The trials that a sweep has now. */
export interface SweepState {
  tenantId: string
  status: SweepStatus
  /** The number of the last trial that was created or refused. */
  created: number
  /** All others up to `created` have ended, were refused or deleted. */
  unfinished: readonly { trial: number; jobId: string; status: JobStatus }[]
}

/** Reads for streams: the sweeps of any tenant. */
export interface SweepWatchStore {
  /** Null if there is no such sweep. */
  state(id: string): Promise<SweepState | null>
  /** By number, without refused and deleted ones. */
  numberedTrials(id: string, numbers: readonly number[]): Promise<Trial[]>
  sweep(id: string): Promise<Sweep | null>
}
