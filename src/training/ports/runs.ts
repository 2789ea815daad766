import type { JobError } from '../../contract/job.js'
import type { Change } from '../../contract/job-change.js'
import type { ReleaseReason } from '../../contract/job-event.js'
import type { JobSpec } from '../../contract/job-spec.js'
import type { EpochRun, EpochStatistics } from '../../engine/index.js'
import type { Checkpoint, StoredCheckpoint } from './checkpoints.js'
import type { NewModel } from './models.js'
import type { Origin } from './origin.js'
import type { WeightSnapshots } from './snapshots.js'

/** Every write of a worker names its claim. */
export interface Claim {
  jobId: string
  /** Raised by each claim and each resumption, so that the holder of an older claim cannot write. */
  attempt: number
}

export interface ClaimedJob extends Claim, Origin {
  tenantId: string
  /** Time from its creation, or from its return to the queue, to the claim. */
  queuedSeconds: number
  spec: JobSpec
  changes: Change[]
  datasetId: string | null
  validationDatasetId: string | null
  /** The last epoch that an earlier attempt stored; 0 without one. */
  storedEpoch: number
  /** Total number of epochs: of the spec, or the number that cross-validation chose in an earlier attempt. */
  epochs: number
  /** Of the model. */
  parameters: number
  /** The backend that computed the stored epochs; null without epochs. */
  backend: string | null
  /** Estimated time of the remaining epochs, before correction by the speed of the machine. */
  estimatedSeconds: number
  /** Consecutive crashes without progress. */
  crashes: number
  /** The epoch after which the job pauses; null for none. */
  pauseAfter: number | null
  /** The job whose run this one repeats up to that epoch; null for none. */
  fork: Fork | null
  /** Of a trial that may have its first epochs in common with others of its sweep; null for none. */
  sharing: Sharing | null
}

export interface Sharing {
  sweepId: string
  /** `run-prefix.ts`. */
  prefix: Uint8Array
}

/** A checkpoint of a trial that has the same first epochs as another one. */
export interface SharedCheckpoint extends Pick<Checkpoint, 'epoch' | 'step'> {
  jobId: string
  sequence: number
  /** The spec of that trial. */
  spec: JobSpec
}

/** Where a training continues instead of at its first epoch. */
export interface Adopted {
  epoch: number
  backend: string
}

export interface Fork {
  jobId: string
  epoch: number
}

/** Consecutive epochs, and optionally a checkpoint taken after the last of them. */
export interface Progress {
  epochs: EpochRun
  /** Training time of these epochs, and so far of the epoch that has not finished. */
  seconds: number
  backend: string
  backendDetail: string | null
  checkpoint: Checkpoint | null
  /** Null if the job has no boundary, or no snapshot was taken. */
  snapshots: WeightSnapshots | null
  /** Undefined without `watch`. */
  statistics?: readonly EpochStatistics[] | undefined
  /** The number of epochs that cross-validation chose; undefined without folds. */
  plannedEpochs?: number | undefined
}

/** The free capacity of a worker. A job with more than `all` threads takes all of them. */
export interface Capacity {
  readonly free: number
  readonly all: number
  /** Limits of a batch claim: the number of jobs, and their seconds of work. */
  readonly jobs: number
  readonly seconds: number
  /** Measured seconds per estimated second of training. */
  readonly timeScale: number
  /** Element i: seconds until i + 1 threads are free. */
  readonly freeIn: readonly number[]
  /** The wide job that waits for threads, and the seconds until it gets them. */
  readonly reservation: { readonly jobId: string; readonly seconds: number } | null
}

/** The capacity of the spare thread of a worker. A batch of small jobs fits it. */
export type SpareCapacity = Pick<Capacity, 'all' | 'jobs' | 'seconds' | 'timeScale'>

/** A claimed job whose stored data this release cannot read. */
export interface Unreadable {
  claim: Claim
  error: unknown
}

export interface Claimed {
  jobs: ClaimedJob[]
  unreadable: Unreadable[]
  /** Number of jobs that stay queued. */
  left: number
  /** The next job, if it needs more threads than are free. */
  waiting: { jobId: string; threads: number } | null
}

/** A training that ended before its first write. */
export interface Success {
  claim: Claim
  progress: Omit<Progress, 'checkpoint'>
  model: NewModel
  bestEpoch: number | null
}

export interface RunStore {
  /**
   * Starts the next jobs of tenants below their limit of running jobs: status `running`, attempt raised. If the first needs
   * more threads than are free, claims only jobs that are expected to end before it can start.
   */
  claim(workerId: string, capacity: Capacity): Promise<Claimed>
  /**
   * Starts small jobs of tenants that run none, for the spare thread of a worker whose other threads are busy. `left` counts
   * only such jobs.
   */
  claimSpare(workerId: string, capacity: SpareCapacity): Promise<Claimed>
  /**
   * Which of these runs of one worker go back to the queue, because a job of another tenant waits that holds fewer threads and
   * has used less thread time. Longer jobs wait longer. The runs are in the order in which they are preempted.
   */
  preempt(jobIds: readonly string[], capacity: Pick<Capacity, 'free' | 'all'>): Promise<string[]>
  /**
   * Lets a tenant that comes back start from the least thread time of those that run or wait. Call it each second while
   * jobs run.
   */
  advanceClock(): Promise<void>
  /** Renews the claims. Returns those that are still valid; the runs of the others must stop. */
  heartbeat(claims: Claim[]): Promise<Claim[]>
  /** The most recent intact checkpoint. Reports and skips damaged ones. */
  checkpoint(jobId: string, onDamage: (message: string) => void): Promise<StoredCheckpoint | null>
  /**
   * Before the first epoch of a job: takes over a checkpoint of another job, and the epochs before it. For a fork, it is the
   * newest one up to its epoch. Null if there is none, or if the claim is no longer valid.
   */
  adoptCheckpoint(claim: Claim, other: Fork | SharedCheckpoint): Promise<Adopted | null>
  /**
   * The checkpoints of trials with the same prefix, by this backend and variant, up to an epoch. Those of later epochs come
   * first.
   */
  sharedCheckpoints(
    claim: ClaimedJob & { sharing: Sharing },
    backend: string,
    upTo: number,
  ): Promise<SharedCheckpoint[]>
  /** From now on, no other trial shares epochs with this one. */
  stopSharing(claim: Claim): Promise<boolean>
  /** The first of these epochs that differs from the stored one of the job; null if none does. Ignores those not stored. */
  findDifference(jobId: string, epochs: EpochRun): Promise<number | null>
  /** This method and those below return false, and change nothing, if the claim is no longer valid. */
  record(claim: Claim, progress: Progress): Promise<boolean>
  /**
   * Stores the model and the success of the job in one transaction; the chunks of large weights are committed before. Job
   * and model get the metrics of `bestEpoch`, whose weights early stopping restored, or else of the last epoch.
   */
  succeed(claim: Claim, model: NewModel, bestEpoch?: number | null): Promise<boolean>
  /** Whether `succeedAll` accepts it: small weights, and the best epoch is not stored yet. */
  isWhole(success: Success): boolean
  /** Stores trainings without stored epochs in one statement. Returns for each whether its claim was valid. */
  succeedAll(successes: readonly Success[]): Promise<boolean[]>
  fail(claim: Claim, error: JobError): Promise<boolean>
  /** Pauses the job after `pauseAfter`; its checkpoint is stored. */
  pause(claim: Claim): Promise<boolean>
  /** Returns the job to the queue without counting a crash. */
  release(claim: Claim, reason: ReleaseReason): Promise<boolean>
  /**
   * After the database or the object store was unavailable or full. Returns the milliseconds for which the claim stays until
   * `requeue`. Null if the claim is no longer valid, or if the job fails because that happened too often.
   */
  postpone(claim: Claim, reason: ReleaseReason): Promise<number | null>
  /**
   * Counts a crash of the training thread. Returns the job to the queue, or fails it at the third crash without a new epoch.
   * With `retryMilliseconds` the claim stays until `requeue`, and the result says whether it does.
   */
  crash(claim: Claim, retryMilliseconds?: number): Promise<boolean>
  /** Returns the job to the queue after `postpone`, or a `crash` with `retryMilliseconds`. */
  requeue(claim: Claim): Promise<boolean>
}
