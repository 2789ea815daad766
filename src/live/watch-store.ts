import type { Job } from '../contract/job.js'
import type { PackedEpochs } from '../contract/packed-epochs.js'
import type { JobProgress, JobStore } from '../training/ports/jobs.js'

/** A change of a job. `committedAt` is a time of the database's clock. */
export interface Hint extends JobProgress {
  committedAt: Date
}

/** Asks for at most `limit` epochs of a job after epoch `after`. */
export interface EpochsWanted {
  jobId: string
  after: number
  limit: number
}

/** A job and its epochs, read in one statement. */
export interface WatchedJob {
  tenantId: string
  job: Job
  epochs: PackedEpochs
}

/** Reads for streams: the jobs of any tenants, in one statement per call. Answers have the order of the requests. */
export interface WatchStore extends Pick<JobStore, 'progress'> {
  /** Null for each job that does not exist. */
  jobs(wanted: readonly EpochsWanted[]): Promise<(WatchedJob | null)[]>
  epochs(wanted: readonly EpochsWanted[]): Promise<PackedEpochs[]>
}
