import type { Job } from '../../contract/job.js'
import type { Change, ResumeRequest, RunChange } from '../../contract/job-change.js'
import type { JobEvent } from '../../contract/job-event.js'
import type { JobSpec } from '../../contract/job-spec.js'
import type { JobStatus } from '../../contract/job-status.js'
import type { LabelChange, LabelFilter } from '../../contract/labels.js'
import type { Problem } from '../../contract/problems.js'
import type { JobSweep } from '../../contract/sweep.js'
import type { TestCounts } from '../../contract/test-evaluation.js'
import type { Actor } from './audit.js'
import type { NewDataset } from './datasets.js'
import type { Once } from './idempotency.js'
import type { Origin, StoredTrace } from './origin.js'
import type { ListPage, Page } from './pages.js'
import type { NewSweep } from './sweeps.js'
import type { Tenanted } from './tenants.js'

export interface NewJob extends Origin {
  id: string
  name: string | null
  spec: JobSpec
  metadata: Record<string, string>
  priority: number
  datasetId: string | null
  validationDatasetId: string | null
  parameters: number
  arenaBytes: number
  flopsPerEpoch: number
  stepsPerEpoch: number
  /** Rows that the request contains; stored in the same transaction as the job. */
  inlineDataset: NewDataset | null
  retraining: (NonNullable<Job['retraining']> & { keyId: string | null }) | null
  sweep: JobSweep | null
  /** The trials that repeat this job, whose sweep is `sweep`; null for a single training. */
  trials: NewTrials | null
  /** The epoch after which the job pauses; null for none. */
  pauseAfter: number | null
  /** Of a trial that may have its first epochs in common with others; null for none. */
  sharing: TrialSharing | null
  /** The hash of all that determines the run; null if it is not known. */
  identity: Buffer<ArrayBuffer> | null
  /** The job whose stored run is copied, if it still exists, and the id of the new model; null to train. */
  copyOf: { jobId: string; modelId: string } | null
  replay: Replay | null
  /** Changes of the spec during the run, in order. */
  changes: Change[]
  /** The backend that must compute the run; null for the fastest. */
  backend: string | null
}

export interface TrialSharing {
  /** `run-prefix.ts`. */
  prefix: Buffer<ArrayBuffer>
  /** Of the jobs that are stored together, those with a lower rank are queued first. */
  rank: number
}

/** The run that a job repeats. */
interface Replay {
  jobId: string
  /** The last epoch of that run that is repeated, and must have the same losses; null for all, to be compared later. */
  epoch: number | null
}

/** A sweep that repeats a job. */
export interface NewTrials extends Pick<NewSweep, 'id' | 'name' | 'definition' | 'trials'> {
  /** The number of the last trial that exists: 1 if the job is the first. */
  created: number
}

export interface JobProgress {
  jobId: string
  status: JobStatus
  epoch: number
}

/** The jobs of one tenant. */
export interface JobStore {
  /**
   * @throws Problem `too-many-jobs`, `too-much-stored`, `idempotency-key-in-flight` if a concurrent request used the key
   * first, or `invalid-spec` if a dataset or model of the spec no longer exists
   */
  create(job: NewJob, once?: Once): Promise<Job>
  /**
   * Stores the jobs that it can in one transaction. `answer` turns the outcomes, in order, into the response stored for
   * `once`; an exception in it rolls everything back. The jobs contain no inline rows.
   */
  createAll<T>(jobs: NewJob[], once: Once | undefined, answer: (outcomes: (Job | Problem)[]) => T): Promise<T>
  /** The newest succeeded job of each identity, in the order of the identities, if its run can be copied. */
  findRuns(identities: readonly Buffer[]): Promise<(string | null)[]>
  /** The newest job of the identity that has not failed and was not cancelled, with its model if it has ended. */
  findRepeated(identity: Buffer<ArrayBuffer>): Promise<Job | null>
  /** Throws the Problem of a limit that `create` would throw. Reads the inline rows, stores nothing. */
  checkLimits(job: NewJob): Promise<void>
  get(id: string): Promise<Job | null>
  /** The jobs that exist, in the order of the ids. */
  getMany(ids: readonly string[]): Promise<Job[]>
  /** Of the jobs that exist, in any order. */
  traces(ids: readonly string[]): Promise<StoredTrace[]>
  /** Newest first. @throws Problem `invalid-request` if `after` is not a job of the list */
  list(
    page: ListPage & {
      status?: JobStatus | undefined
      name?: string | undefined
      labels?: LabelFilter | undefined
      /** Omits jobs that only repeat epochs of another, such as models of an epoch. */
      omitsRepeated?: boolean
    },
  ): Promise<Page<Job>>
  /** Null if there is no such job. @throws Problem `invalid-request` for too many pairs of metadata */
  change(id: string, change: LabelChange): Promise<Job | null>
  /**
   * Changes learning rate or epochs of an unfinished job. False if it has ended, or there is none.
   * @throws Problem `epoch-begun`, or `invalid-spec` if the change does not fit the job
   */
  changeRun(id: string, change: RunChange): Promise<boolean>
  /** Status and last epoch of the jobs that exist. */
  progress(ids: string[]): Promise<JobProgress[]>
  /** False if the current status does not allow the transition. So does `pause`. */
  cancel(id: string): Promise<boolean>
  pause(id: string): Promise<boolean>
  /** Queues the job again with the changed settings. @throws Problem `invalid-spec` if the change does not fit the job */
  resume(id: string, change: ResumeRequest): Promise<boolean>
  /** Records an evaluation on the test rows that `key` names. Null if there is no such job. */
  recordTest(id: string, key: string): Promise<TestCounts | null>
  /** The history of a job, oldest first; null if there is no such job. Throws as `list` does. */
  events(id: string, page: ListPage): Promise<Page<JobEvent> | null>
  /**
   * Deletes a finished job and the trials that repeat it, with their epochs and checkpoints. Models stay. With an actor,
   * the audit log has an entry. The same holds for deletions of other objects.
   * @throws Problem `job-active` while trials of the job have not ended
   */
  delete(id: string, actor?: Actor | null): Promise<boolean>
  /**
   * Deletes at most `most` jobs that ended in these states before that time, oldest first. Returns the number. With an actor,
   * the audit log has it.
   */
  deleteEnded(
    statuses: readonly JobStatus[],
    before: Date,
    most: number,
    actor?: Actor | null,
  ): Promise<number>
}

/** The jobs of all tenants. */
export interface AllJobs extends Tenanted<JobStore>, Pick<JobStore, 'get' | 'progress'> {
  /** Whether any job is queued. */
  anyQueued(): Promise<boolean>
  /** Deletes counts of empty queues, checkpoints of ended jobs, and jobs older than the retention limits. */
  cleanUp(): Promise<void>
  /** Releases the jobs of workers without a heartbeat for `milliseconds`. The third crash without progress fails a job. */
  releaseAbandoned(milliseconds: number): Promise<void>
  /** Does the same for a worker that has exited, without waiting. */
  releaseWorker(workerId: string): Promise<void>
}
